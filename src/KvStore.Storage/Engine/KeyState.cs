namespace KvStore.Storage.Engine;

/// <summary>What the index knows of a key's newest record without reading it. A deleted key is not found.</summary>
public readonly record struct KeyState(Revision Create, Revision Modified, ulong Version, ulong Lease);

/// <summary>One key's value at a revision.</summary>
public readonly record struct KeyValue(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, Revision Create, Revision Modified, ulong Version, ulong Lease, bool Deleted);
