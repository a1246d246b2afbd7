using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>A group that still accepts a token whose holder is gone: it has to apply the removal before the lock's next token is given out.</summary>
internal readonly record struct PendingRemoval(string Lock, ulong Token, GroupId Group);
