namespace KvStore.Client;

/// <summary>
/// Makes a write take effect only while its sender still holds a lock: the servers refuse it with <see cref="KvFencedException"/> once the lock has been granted to somebody else.
/// </summary>
/// <param name="Lock">The lock's name, 1 to 1,024 bytes of UTF-8.</param>
/// <param name="Token">The fencing token that acquiring the lock gave, greater than 0. It grows with each acquisition.</param>
public readonly record struct KvFence(string Lock, ulong Token);
