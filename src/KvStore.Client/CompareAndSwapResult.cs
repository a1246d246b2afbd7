namespace KvStore.Client;

/// <summary>What a compare-and-swap did.</summary>
/// <param name="Swapped">Whether the key was as expected, and so was written.</param>
/// <param name="Revision">The revision of the write; of the range, when nothing was written.</param>
/// <param name="Current">What is there instead, when nothing was written; null: no such key.</param>
public readonly record struct CompareAndSwapResult(bool Swapped, ulong Revision, KvEntry? Current);
