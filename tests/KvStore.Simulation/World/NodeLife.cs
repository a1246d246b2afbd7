using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>
/// One life of a node's process, from start to end. All that the node does with the world goes through here (time, disk, network), so that it can be stopped between any two such
/// things, and so that nothing that is left on the stack of a dead process touches the world any more.
/// </summary>
internal sealed class NodeLife(VirtualNode node) : ITimeSource
{
    public VirtualNode Node => node;
    public bool HasEnded { get; private set; }

    public MonotonicTime Now
    {
        get
        {
            Yield(YieldPoint.Clock);
            var now = node.Clock.Now;
            // And between the look at the clock and what is done about it.
            Yield(YieldPoint.Clock);
            return now;
        }
    }

    /// <summary>A point at which the process may be stopped.</summary>
    /// <exception cref="LifeEndedException">It ended, now or while it stood still.</exception>
    public void Yield(YieldPoint point)
    {
        if (!HasEnded) node.Reached(point);
        if (HasEnded) throw new LifeEndedException();
    }

    public void End() => HasEnded = true;
}

/// <summary>What the process is about to do when it may be stopped.</summary>
internal enum YieldPoint { Clock, Disk, Send }
