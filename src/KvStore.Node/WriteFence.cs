namespace KvStore.Node;

/// <summary>The lock that a write depends on and the fencing token with which its sender holds it.</summary>
public readonly record struct WriteFence(string Lock, ulong Token);
