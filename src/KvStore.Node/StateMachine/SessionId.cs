using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>
/// A client session: the group that opened it and the log index of the entry that did, unique in the cluster for ever because an entry opens at most one.
/// Index 0 is no session.
/// </summary>
public readonly record struct SessionId(GroupId Group, ulong Index) : IComparable<SessionId>
{
    public bool IsNone => Index == 0;

    public int CompareTo(SessionId other)
    {
        var byGroup = Group.CompareTo(other.Group);
        return byGroup != 0 ? byGroup : Index.CompareTo(other.Index);
    }
}
