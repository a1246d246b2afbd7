namespace KvStore.Client;

/// <summary>What an increment did.</summary>
/// <param name="Value">The value after it.</param>
/// <param name="Revision">The revision of the write.</param>
public readonly record struct IncrementResult(long Value, ulong Revision);
