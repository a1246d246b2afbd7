namespace KvStore.Client;

/// <summary>An interval of keys in byte order: from <see cref="Start"/>, inclusive, to <see cref="End"/>, exclusive.</summary>
/// <param name="Start">The first key; empty: from the first key of the keyspace.</param>
/// <param name="End">Behind the last key; empty: to the last key of the keyspace.</param>
public readonly record struct KvRange(KvBytes Start, KvBytes End)
{
    /// <summary>All keys of the keyspace.</summary>
    public static KvRange All => default;

    /// <summary>All keys from one on.</summary>
    public static KvRange From(KvBytes start) => new(start, default);

    /// <summary>One key alone.</summary>
    public static KvRange Single(KvBytes key) => new(key, new KvBytes((byte[])[.. key.Memory.Span, 0]));

    /// <summary>The keys that begin with a prefix; all keys when it is empty.</summary>
    public static KvRange Prefix(KvBytes prefix)
    {
        var end = prefix.Memory.ToArray();
        var length = end.Length;
        while (length > 0 && end[length - 1] == 0xFF) length--;
        if (length == 0) return new(prefix, default);
        end[length - 1]++;
        return new(prefix, new KvBytes(end.AsMemory(0, length)));
    }
}
