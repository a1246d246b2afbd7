using KvStore.Node;
using KvStore.Raft;
using KvStore.Server.Services;

namespace KvStore.Server.Tests.Services;

public sealed class WriteProposalsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Each caller waits for its write before it makes the next, as callers do: with a single one, nothing behind it helps a write that nobody proposes.</summary>
    [Theory, InlineData(1), InlineData(4)]
    public void Every_write_is_proposed_once_whoever_adds_it_when(int callers)
    {
        const int WritesPerCaller = 20_000;
        var proposals = new WriteProposals(static write => Interlocked.Increment(ref ((CountedWrite)write).Proposed));
        var writes = new CountedWrite[callers, WritesPerCaller];
        var forgotten = 0;
        var threads = Enumerable.Range(0, callers).Select(caller => new Thread(() =>
        {
            for (var i = 0; i < WritesPerCaller && Volatile.Read(ref forgotten) == 0; i++)
            {
                var write = writes[caller, i] = new CountedWrite();
                proposals.Add(write);
                if (!SpinWait.SpinUntil(() => Volatile.Read(ref write.Proposed) > 0, Patience)) Interlocked.Increment(ref forgotten);
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.Equal(0, forgotten);
        foreach (var write in writes) Assert.Equal(1, write.Proposed);
    }

    private sealed class CountedWrite : WriteBatch
    {
        public int Proposed;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public CountedWrite()
        {
            (Range, Epoch, Commands, Count, Deadline) = (new RangeId(1), 1, ReadOnlyMemory<byte>.Empty, 1, new MonotonicTime(long.MaxValue));
        }

        public override void Applied(ReadOnlySpan<Node.StateMachine.CommandResult> results)
        {
        }

        public override void Failed(NodeError error)
        {
        }
    }
}
