using KvStore.Storage.Engine;

namespace KvStore.Node.Watches;

/// <summary>One write to one key. Shared by all watches that tell of it.</summary>
/// <param name="Current">The key as the write left it; of a deleted key only key and mod revision.</param>
/// <param name="Previous">The key as it was before; null when there was no such key, or when no watch asked.</param>
public sealed record WatchEvent(KeyValue Current, KeyValue? Previous)
{
    private const int OverheadBytes = 96;

    public Revision Revision => Current.Modified;

    /// <summary>What it counts for in a queue.</summary>
    internal int Bytes => OverheadBytes + Current.Key.Length + Current.Value.Length + (Previous is { } previous ? previous.Key.Length + previous.Value.Length : 0);
}
