using KvStore.Raft;

namespace KvStore.Node.Time;

/// <summary>Where all of a node's time comes from: CLOCK_BOOTTIME in a process, virtual time in simulation.</summary>
public interface ITimeSource
{
    MonotonicTime Now { get; }
}
