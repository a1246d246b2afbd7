namespace KvStore.Client;

/// <summary>What a put did.</summary>
/// <param name="Revision">The revision of the write, the key's new mod revision.</param>
public readonly record struct PutResult(ulong Revision);
