namespace KvStore.Storage.Engine.Index;

/// <summary>Up to one leaf's worth of what a reader found, copied out of the index: versions and keys.</summary>
internal sealed class IndexPage
{
    private readonly VersionSlot[] _versions = new VersionSlot[Leaf.Capacity];
    private readonly int[] _ends = new int[Leaf.Capacity];
    private byte[] _keys = new byte[Leaf.Capacity * 16];

    public int Count { get; private set; }
    public bool IsFull => Count == Leaf.Capacity;

    public ref readonly VersionSlot this[int i] => ref _versions[i];
    public ReadOnlySpan<byte> Key(int i) => _keys.AsSpan(StartOf(i).._ends[i]);

    public void Clear() => Count = 0;

    public void Add(in VersionSlot version, ReadOnlySpan<byte> key)
    {
        int start = StartOf(Count);
        if (start + key.Length > _keys.Length) Array.Resize(ref _keys, Math.Max(_keys.Length * 2, start + key.Length));
        key.CopyTo(_keys.AsSpan(start));
        _versions[Count] = version;
        _ends[Count++] = start + key.Length;
    }

    private int StartOf(int i) => i == 0 ? 0 : _ends[i - 1];
}
