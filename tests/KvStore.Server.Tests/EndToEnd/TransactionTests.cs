using KvStore.Client;
using KvStore.Client.Transactions;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Transactions from the SDK to the disk and back, by both transports.</summary>
public sealed class TransactionTests(SingleNode node) : IClassFixture<SingleNode>
{
    public static TheoryData<KvTransport> Transports => [KvTransport.Session, KvTransport.Unary];

    private Task<KvClient> ConnectAsync(KvTransport transport) => node.ConnectAsync(transport: transport);

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Money_moves_from_one_account_to_another_or_not_at_all(KvTransport transport)
    {
        await using var client = await ConnectAsync(transport);
        var bank = $"bank-{transport}/";
        await client.Transaction().Then(KvOperation.Put(bank + "a", "10"), KvOperation.Put(bank + "b", "0")).CommitAsync();

        ValueTask<KvTransactionResult> MoveAsync(string from, string to) => client.Transaction()
            .When(KvCompare.Value(bank + "a").EqualTo(from))
            .Then(KvOperation.Put(bank + "a", to, previous: KvPrevious.Returned), KvOperation.Put(bank + "b", from), KvOperation.Get(KvRange.Prefix(bank)), KvOperation.Count(KvRange.Prefix(bank)))
            .Else(KvOperation.Nested([KvCompare.Exists(KvRange.Prefix(bank))], [KvOperation.Get(KvRange.Prefix(bank), limit: 1, KvScanOrder.Descending)], []))
            .CommitAsync();

        var moved = await MoveAsync("10", "0");
        Assert.True(moved.Succeeded);
        Assert.Equal("10", moved.Put(0).Previous!.Value.ValueText);
        Assert.Equal([("a", "0", moved.Revision), ("b", "10", moved.Revision)], moved.Get(2).Entries.Select(e => (e.KeyText[bank.Length..], e.ValueText, e.ModRevision)));
        Assert.Equal(2, moved.Get(3).Count);

        var refused = await MoveAsync("10", "0");
        Assert.Equal((false, moved.Revision), (refused.Succeeded, refused.Revision));
        var nested = refused.Nested(0);
        Assert.True(nested.Succeeded);
        Assert.Equal((true, "b"), (((KvGetResult)nested.Results[0]).More, ((KvGetResult)nested.Results[0]).Entry!.Value.KeyText[bank.Length..]));

        var emptied = await client.Transaction().Then(KvOperation.Delete(KvRange.Prefix(bank))).CommitAsync();
        Assert.Equal((2L, moved.Revision + 1), (emptied.Delete(0).Deleted, emptied.Revision));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Bad_transactions_get_a_definite_error_that_names_the_keys(KvTransport transport)
    {
        await using var client = await ConnectAsync(transport);
        var crossing = await Assert.ThrowsAsync<KvNotColocatedException>(async () => await client.Transaction().Then(KvOperation.Put("x/1", "a"), KvOperation.Put("y/1", "b")).CommitAsync());
        Assert.Contains("'y/1' and 'x/1' are not colocated", crossing.Message, StringComparison.Ordinal);
        Assert.Equal((KvOutcome.NotApplied, "y/1", "x/1"), (crossing.Outcome, crossing.Key.ToString(), crossing.OtherKey.ToString()));
        var reaching = await Assert.ThrowsAsync<KvNotColocatedException>(async () => await client.Transaction().Then(KvOperation.Get(new KvRange("x/1", "y/1"))).CommitAsync());
        Assert.Equal(("x/1", "y/1"), (reaching.Key.ToString(), reaching.OtherKey.ToString()));
        var twice = await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await client.Transaction().Then(KvOperation.Put("x/1", "a"), KvOperation.Delete(KvRange.Prefix("x/"))).CommitAsync());
        Assert.Contains("key 'x/1' is written twice", twice.Message, StringComparison.Ordinal);
        var leased = await Assert.ThrowsAsync<KvLeaseNotFoundException>(async () => await client.Transaction().Then(KvOperation.Put("x/1", "a", new KvLeaseId(0xdead))).CommitAsync());
        Assert.Contains("dead", leased.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(async () => await client.PutAsync("x/1", "a", new KvWriteOptions { Lease = new KvLeaseId(0xdead) }));
        Assert.Null(await client.GetAsync("x/1"));
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task A_keyspace_that_is_never_split_is_one_unit(KvTransport transport)
    {
        await using var client = await ConnectAsync(transport);
        var etcd = client.Keyspace("etcd");
        var result = await etcd.Transaction().Then(KvOperation.Put("x/1", "a"), KvOperation.Put("y/1", "b"), KvOperation.Get(KvRange.All, content: KvScanContent.KeysOnly)).CommitAsync();
        Assert.Equal(["x/1", "y/1"], result.Get(2).Entries.Select(e => e.KeyText));
        Assert.Equal(2, (await etcd.Transaction().When(KvCompare.Exists(KvRange.All)).Then(KvOperation.Count(KvRange.All)).CommitAsync()).Get(0).Count);
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task Large_transactions_and_results_pass_up_to_their_limit(KvTransport transport)
    {
        await using var client = await ConnectAsync(transport);
        var keys = $"large-{transport}/";
        var value = new byte[1 << 20];
        await client.Transaction().Then(Enumerable.Range(0, 3).Select(i => KvOperation.Put($"{keys}{i}", value))).CommitAsync();
        var all = client.Transaction().Then(KvOperation.Get(KvRange.Prefix(keys)));
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => all.CommitAsync().AsTask()));
        Assert.All(results, r => Assert.Equal(3, r.Get(0).Entries.Count));
        await client.PutAsync(keys + "3", value);
        var tooLarge = await Assert.ThrowsAsync<KvInvalidArgumentException>(async () => await all.CommitAsync());
        Assert.Contains("4193280 bytes", tooLarge.Message, StringComparison.Ordinal);
    }
}
