using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.Wal;

namespace KvStore.Node.Startup;

/// <summary>What a group's directory and the WAL say of one replica. <see cref="Damage"/>: the store cannot be used, and only this replica is stopped; then the rest is null.</summary>
internal sealed record RecoveredReplica(GroupId Group, GroupStore? Store, GroupState? State, WalGroupRecovery Log, string? Damage)
{
    /// <summary>The log ends behind a state that came from a RaftSnapshot, or contradicts it: the crash came before the WAL's log was reset.</summary>
    public bool LogIsDiscarded { get; init; }
}
