namespace KvStore.Client;

/// <summary>One write to one key.</summary>
/// <param name="Kind">Whether the key was written or deleted.</param>
/// <param name="Entry">The key as the write left it. Of a deleted key only <see cref="KvEntry.Key"/> and <see cref="KvEntry.ModRevision"/>, the revision of its deletion.</param>
/// <param name="Previous">With <see cref="KvWatchOptions.Previous"/>: the key as it was before the write's revision; null when there was no such key.</param>
public sealed record KvWatchEvent(KvWatchEventKind Kind, KvEntry Entry, KvEntry? Previous)
{
    /// <summary>The key read as UTF-8.</summary>
    public string KeyText => Entry.KeyText;

    /// <summary>The value read as UTF-8; empty for a deleted key.</summary>
    public string ValueText => Entry.ValueText;

    /// <summary>The revision of the write, in the key's range.</summary>
    public ulong Revision => Entry.ModRevision;
}

/// <summary>What a write did to a key.</summary>
public enum KvWatchEventKind
{
    /// <summary>It set the value.</summary>
    Put,
    /// <summary>It deleted the key, by itself or because its lease ended.</summary>
    Delete,
}
