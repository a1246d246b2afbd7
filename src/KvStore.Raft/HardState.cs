namespace KvStore.Raft;

/// <summary>What must be durable before any message that depends on it leaves (paper figure 2). <see cref="Vote"/> is none when no vote was given in <see cref="Term"/>.</summary>
public readonly record struct HardState(Term Term, ReplicaId Vote);
