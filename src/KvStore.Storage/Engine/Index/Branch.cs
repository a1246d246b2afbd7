namespace KvStore.Storage.Engine.Index;

/// <summary>An inner node. Its content is replaced as a whole, so readers need no check; one who came with an old content is a little too far left and moves right.</summary>
internal sealed class Branch(BranchContent content)
{
    public const int Capacity = 64;

    private BranchContent _content = content;

    public BranchContent Content
    {
        get => Volatile.Read(ref _content);
        set => Volatile.Write(ref _content, value);
    }
}

/// <summary>Children (all leaves or all branches) and the smallest key that belongs to each, in order.</summary>
internal sealed record BranchContent(byte[][] Lows, object[] Children)
{
    /// <summary>The last child whose low is at most <paramref name="key"/> (the first one, if none).</summary>
    public int ChildAt(ReadOnlySpan<byte> key)
    {
        int low = 1, high = Lows.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Lows[middle].AsSpan().SequenceCompareTo(key) <= 0) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    /// <summary>The last child whose low is below <paramref name="key"/> (the first one, if none).</summary>
    public int ChildBelow(ReadOnlySpan<byte> key)
    {
        int low = 1, high = Lows.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (Lows[middle].AsSpan().SequenceCompareTo(key) < 0) low = middle + 1;
            else high = middle;
        }
        return low - 1;
    }

    public BranchContent Insert(int at, byte[] low, object child) =>
        new([.. Lows.AsSpan(0, at), low, .. Lows.AsSpan(at)], [.. Children.AsSpan(0, at), child, .. Children.AsSpan(at)]);

    public BranchContent Slice(int from, int count) => new(Lows.AsSpan(from, count).ToArray(), Children.AsSpan(from, count).ToArray());
}
