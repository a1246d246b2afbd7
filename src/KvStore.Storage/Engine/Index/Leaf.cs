using System.Runtime.CompilerServices;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// Up to 64 entries of the tree in key order, all in one object. The writer changes it in place between <see cref="BeginChange"/> and <see cref="EndChange"/>; a reader
/// copies what it needs and then asks whether the version is still the one it began with. Nothing inside a change allocates, waits or calls out.
/// </summary>
internal sealed class Leaf(byte[] low)
{
    public const int Capacity = 64;

    /// <summary>The smallest key that belongs here; never changes.</summary>
    public readonly byte[] Low = low;

    /// <summary>Odd while the writer changes the leaf.</summary>
    private int _version;

    /// <summary>The right neighbour. It is set before the parent knows it, so a reader whose key is not below its Low moves right.</summary>
    public Leaf? Next;
    public int Count;
    /// <summary>How many leading bytes all keys of the leaf share; marks start behind them.</summary>
    public int Skip;
    /// <summary>Four key bytes behind <see cref="Skip"/>, so that most comparisons stay inside the leaf.</summary>
    public LeafMarks Marks;
    public LeafEntries Entries;

    public void BeginChange()
    {
        Volatile.Write(ref _version, _version + 1);
        Volatile.WriteBarrier();
    }

    public void EndChange() => Volatile.Write(ref _version, _version + 1);

    public int BeginRead()
    {
        var wait = new SpinWait();
        int version;
        while (((version = Volatile.Read(ref _version)) & 1) != 0) wait.SpinOnce();
        return version;
    }

    public bool StillAt(int version)
    {
        Volatile.ReadBarrier();
        return _version == version;
    }
}

[InlineArray(Leaf.Capacity)]
internal struct LeafMarks
{
    private uint _first;
}

[InlineArray(Leaf.Capacity)]
internal struct LeafEntries
{
    private int _first;
}
