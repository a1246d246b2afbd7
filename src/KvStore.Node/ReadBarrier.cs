using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Node;

/// <summary>
/// The right to read a group's applied state. After the values were read, <see cref="StillValid"/> must be asked: a leader lease may have ended meanwhile (the process was stopped),
/// and then the values are thrown away and a new barrier (Quorum) is taken.
/// </summary>
public readonly record struct ReadBarrier(GroupId Group, OwnedRanges Owned, MonotonicTime? LeaseUntil)
{
    public bool StillValid(ITimeSource time) => LeaseUntil is not { } until || time.Now < until;
}
