using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.Replicas;
using KvStore.Node.Workers;
using KvStore.Raft;
using Microsoft.Extensions.Logging.Abstractions;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.Replicas;

/// <summary>When another thread may take the worker's turn: it must not come to wait for the disk there.</summary>
public sealed class ApplyWorkerTests
{
    private readonly ApplyWorker _worker = new(0, new NodeFailure(NullLogger.Instance));

    public static TheoryData<EntryPayload, bool> Payloads => new()
    {
        { new EntryPayload { GroupTimeUs = 5 }, true },
        { Commands(Put("a", "1"), Delete("b")), true },
        { Commands(Put("a", new string('v', 800))), true },
        { Commands(Put("a", new string('v', 1100))), false },
        { Commands(Put("a", "1"), Swap("a", "1", "2")), false },
        { Commands(Increment("a", 1)), false },
        { Commands(new Command { Transaction = new Transaction() }), false },
        { new EntryPayload { Ranges = { Batch(Put("a", "1")) }, GroupCommands = { CreateRange() } }, false },
    };

    [Theory]
    [MemberData(nameof(Payloads))]
    public void It_is_brief_while_only_small_puts_and_deletes_wait(EntryPayload payload, bool isBrief)
    {
        ArgumentNullException.ThrowIfNull(payload);
        Assert.True(_worker.IsBrief);
        PostEntries(Entry(payload));
        Assert.Equal(isBrief, _worker.IsBrief);
    }

    [Fact]
    public void Small_entries_that_are_many_are_not_brief()
    {
        var entry = Entry(Commands(Put("a", new string('v', 400))));
        PostEntries(entry, entry);
        Assert.True(_worker.IsBrief);
        PostEntries(entry);
        Assert.False(_worker.IsBrief);
    }

    [Fact]
    public void Readers_are_brief_and_a_checkpoint_is_not()
    {
        _worker.Post(new ApplyJob(ApplyJobKind.Read, null));
        Assert.True(_worker.IsBrief);
        _worker.Post(new ApplyJob(ApplyJobKind.Cut, null));
        Assert.False(_worker.IsBrief);
    }

    [Fact]
    public void It_is_brief_again_once_it_has_applied()
    {
        using var cluster = VirtualCluster.Started(1);
        var seen = 0;
        cluster.TurnEnded = (node, _) => seen += node.Workers.Workers.Count(worker => IsApplyWorker(worker) && !worker.IsBrief);
        cluster.Put("apple", new string('v', 2000));
        cluster.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(seen > 0);
        Assert.All(cluster.Nodes, node => Assert.True(node.Workers.Workers.Single(IsApplyWorker).IsBrief));
    }

    private static bool IsApplyWorker(VirtualWorker worker) => worker.Name.StartsWith("apply", StringComparison.Ordinal);

    private void PostEntries(params Entry[] entries) => _worker.Post(new ApplyJob(ApplyJobKind.Apply, null, new ApplyJob.Committed(entries, [], null)));

    private static Entry Entry(EntryPayload payload) => new(new Term(1), new LogIndex(1), EntryKind.Normal, payload.ToByteArray());

    private static EntryPayload Commands(params Command[] commands) => new() { Ranges = { Batch(commands) } };
}
