using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>
/// Sees what the replicas of a node log and apply, so that simulation can check it with rules of its own. Called on the worker that does it, in the order in which it is done; it must
/// be quick and must not throw. A server has none.
/// </summary>
internal interface IReplicaObserver
{
    /// <summary>A replica begins to run with this durable state.</summary>
    void Started(GroupReplica replica, RaftStart start);

    /// <summary>Entries on their way to the WAL: the first one takes the place of all that was logged at and after its index.</summary>
    void Logged(GroupReplica replica, IReadOnlyList<Entry> entries);

    /// <summary>The log begins anew behind an installed RaftSnapshot.</summary>
    void Reset(GroupReplica replica, LogIndex index, Term term);

    /// <summary>An entry was applied; the hash over effects after it.</summary>
    void Applied(GroupReplica replica, Entry entry, ulong hash);

    /// <summary>The state machine was switched to an installed RaftSnapshot.</summary>
    void Switched(GroupReplica replica, LogIndex applied, ulong hash);
}
