using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>The running hash over effects after an entry; two replicas of a group that differ at the same index have diverged.</summary>
public sealed record HashPoint(LogIndex Index, ulong Hash);
