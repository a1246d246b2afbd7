using KvStore.Node.Replicas;
using KvStore.Node.Time;
using KvStore.Node.Workers;
using KvStore.Raft;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.Replicas;

public sealed class ReplicaLoopTests
{
    /// <summary>A heartbeat that is stamped with a time before its own sending ends the follower's promise before the leader's lease ends.</summary>
    [Fact]
    public void What_comes_in_after_the_look_at_the_clock_waits_for_the_next_turn()
    {
        var time = new PausedAtTheClock();
        var loop = new ReplicaLoop(0, time, null!, null!, TimeSpan.FromMilliseconds(100), new NodeFailure(NullLogger.Instance));
        var drain = new Drain(1, new MonotonicTime(1_000_000));
        time.Meanwhile = () => loop.Post(new LoopInput(LoopInputKind.Drain, Subject: drain));
        loop.Run();
        Assert.False(drain.Completion.IsCompleted);
        loop.Run();
        Assert.True(drain.Completion.IsCompleted);
    }

    private sealed class PausedAtTheClock : ITimeSource
    {
        public Action? Meanwhile { get; set; }

        public MonotonicTime Now
        {
            get
            {
                var (now, meanwhile) = (new MonotonicTime(1), Meanwhile);
                Meanwhile = null;
                meanwhile?.Invoke();
                return now;
            }
        }
    }
}
