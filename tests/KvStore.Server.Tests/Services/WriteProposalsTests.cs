using KvStore.Node;
using KvStore.Raft;
using KvStore.Server.Services;

namespace KvStore.Server.Tests.Services;

public sealed class WriteProposalsTests
{
    [Fact]
    public void Every_write_is_proposed_once_whoever_adds_it_when()
    {
        const int Callers = 4, WritesPerCaller = 20_000;
        using var all = new CountdownEvent(Callers * WritesPerCaller);
        var proposals = new WriteProposals(write =>
        {
            Assert.Equal(1, Interlocked.Increment(ref ((CountedWrite)write).Proposed));
            all.Signal();
        });
        var threads = Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
        {
            for (var i = 0; i < WritesPerCaller; i++)
            {
                proposals.Add(new CountedWrite());
                // Some come alone, most of them beside others.
                if (i % 1000 == caller) Thread.Yield();
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.True(all.Wait(TimeSpan.FromMinutes(1)), $"{all.CurrentCount} writes were not proposed");
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
