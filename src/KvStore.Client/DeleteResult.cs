namespace KvStore.Client;

/// <summary>What a delete did.</summary>
/// <param name="Existed">Whether there was such a key.</param>
/// <param name="Revision">The range's revision after it; unchanged when there was no such key.</param>
public readonly record struct DeleteResult(bool Existed, ulong Revision);
