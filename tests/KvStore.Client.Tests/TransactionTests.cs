using KvStore.Client.Tests.Fakes;
using KvStore.Client.Transactions;
using KvStore.Protocol.V1;

namespace KvStore.Client.Tests;

public sealed class TransactionTests
{
    public static TheoryData<KvTransport> Transports => [KvTransport.Session, KvTransport.Unary];

    private static KvTransaction Claim(KvClient client, string owner) => client.Transaction()
        .When(KvCompare.Missing("job/1"))
        .Then(KvOperation.Put("job/1", owner), KvOperation.Get("job/1"))
        .Else(KvOperation.Get("job/1"));

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task The_branch_that_was_taken_gives_typed_results(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);
        var first = await Claim(client, "me").CommitAsync();
        Assert.True(first.Succeeded);
        Assert.Equal((1UL, "me"), (first.Revision, first.Get(1).Entry!.Value.ValueText));
        Assert.Null(first.Put(0).Previous);
        var second = await Claim(client, "you").CommitAsync();
        Assert.Equal((false, 1UL, "me"), (second.Succeeded, second.Revision, second.Get(0).Entry!.Value.ValueText));
        Assert.Equal("The branch that was taken (else) has no KvPutResult at 0: it has 1 results.", Assert.Throws<InvalidOperationException>(() => second.Put(0)).Message);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_transaction_whose_answer_was_lost_is_applied_once_and_gives_its_first_result(KvTransport transport)
    {
        await using var cluster = await FakeCluster.StartAsync();
        await using var client = await cluster.ConnectAsync(transport);
        await client.PutAsync("job/0", "opens the session");
        foreach (var node in cluster.Nodes) node.Next(Fate.BreakAfterApply);
        var result = await Claim(client, "me").CommitAsync();
        Assert.True(result.Succeeded);
        Assert.Equal(2, cluster.State.Applied);
    }

    [Fact]
    public async Task What_is_sent_is_what_was_built()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await client.Transaction()
            .When(KvCompare.Missing("a/1"), KvCompare.Missing(KvRange.Prefix("a/")))
            .Then(KvOperation.Put("a/1", "x", new KvLeaseId(7), KvPrevious.Returned))
            .CommitAsync(new KvWriteOptions { Fence = new KvFence("lock", 5) });
        var operation = cluster.Nodes[0].Seen.SelectMany(b => b.Operations).Single(o => o.Transaction is not null);
        Assert.Equal(new Fence { Lock = "lock", Token = 5 }, operation.Fence);
        Assert.NotEqual(0UL, operation.Sequence);
        Assert.Equal(new Compare { Key = FakeState.Bytes("a/"), End = FakeState.Bytes("a0"), Exists = false }, operation.Transaction.Compares[1]);
        Assert.Equal(new TransactionPut { Key = FakeState.Bytes("a/1"), Value = FakeState.Bytes("x"), Lease = 7, ReturnPrevious = true }, operation.Transaction.Success[0].Put);
    }

    [Fact]
    public async Task What_cannot_be_sent_is_refused_at_once()
    {
        await using var cluster = await FakeCluster.StartAsync(nodes: 1);
        await using var client = await cluster.ConnectAsync(KvTransport.Session);
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.Transaction().CommitAsync());
        var large = client.Transaction().Then(Enumerable.Range(0, 2).Select(i => KvOperation.Put($"a/{i}", new byte[2 << 20])));
        Assert.Contains("the limit is 4186112", (await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await large.CommitAsync())).Message, StringComparison.Ordinal);
        var leased = new KvWriteOptions { Lease = new KvLeaseId(1) };
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.Transaction().Then(KvOperation.Get("a")).CommitAsync(leased));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.PutAsync("a", "b", new KvWriteOptions { Fence = new KvFence("", 1) }));
        await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.PutAsync("a", "b", new KvWriteOptions { Fence = new KvFence("lock", 0) }));
    }
}
