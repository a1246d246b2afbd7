using System.Buffers.Binary;

namespace KvStore.Storage.Engine.Index;

/// <summary>
/// The keys in order: a B+tree with links to the right (Lehman and Yao) of entry numbers. One writer; readers take no locks. Leaves are never joined: when removals have left
/// the tree nearly empty the writer builds a new one (<see cref="IsSparse"/>).
/// </summary>
internal sealed class KeyTree(IKeySource keys)
{
    private object _root = new Leaf([]);
    private int _leaves = 1;
    private int _count;

    public int Count => _count;

    /// <summary>Less than an eighth of the leaf slots are used, and there are enough of them to care.</summary>
    public bool IsSparse => _leaves > 16 && (long)_count * 8 < (long)_leaves * Leaf.Capacity;

    // ---- writer ----

    /// <summary>Adds an entry whose key is not there yet.</summary>
    public void Add(ReadOnlySpan<byte> key, int entry)
    {
        _count++;
        if (AddBelow(_root, key, entry) is not { } right) return;
        byte[] leftLow = _root is Leaf leaf ? leaf.Low : ((Branch)_root).Content.Lows[0];
        Volatile.Write(ref _root, new Branch(new BranchContent([leftLow, right.Low], [_root, right.Node])));
    }

    public void Remove(ReadOnlySpan<byte> key)
    {
        var leaf = FindLeaf(key);
        int at = LowerBound(leaf, key);
        leaf.BeginChange();
        ((Span<uint>)leaf.Marks)[(at + 1)..leaf.Count].CopyTo(((Span<uint>)leaf.Marks)[at..]);
        ((Span<int>)leaf.Entries)[(at + 1)..leaf.Count].CopyTo(((Span<int>)leaf.Entries)[at..]);
        leaf.Count--;
        leaf.EndChange();
        _count--;
    }

    /// <summary>Replaces the whole tree by a dense one with the same entries; a reader inside the old one still sees what it held.</summary>
    public void Rebuild()
    {
        var dense = new KeyTree(keys);
        for (var leaf = FirstLeaf(); leaf is not null; leaf = leaf.Next)
            foreach (int entry in ((ReadOnlySpan<int>)leaf.Entries)[..leaf.Count]) dense.Add(keys.KeyOf(entry), entry);
        _leaves = dense._leaves;
        Volatile.Write(ref _root, dense._root);
    }

    private readonly record struct Split(byte[] Low, object Node);

    private Split? AddBelow(object node, ReadOnlySpan<byte> key, int entry)
    {
        if (node is Leaf leaf) return AddToLeaf(leaf, key, entry);
        var branch = (Branch)node;
        var content = branch.Content;
        int at = content.ChildAt(key);
        if (AddBelow(content.Children[at], key, entry) is not { } right) return null;
        content = content.Insert(at + 1, right.Low, right.Node);
        if (content.Children.Length <= Branch.Capacity)
        {
            branch.Content = content;
            return null;
        }
        int half = at + 2 == content.Children.Length ? content.Children.Length - 1 : content.Children.Length / 2;
        var rightContent = content.Slice(half, content.Children.Length - half);
        branch.Content = content.Slice(0, half);
        return new Split(rightContent.Lows[0], new Branch(rightContent));
    }

    private Split? AddToLeaf(Leaf leaf, ReadOnlySpan<byte> key, int entry)
    {
        int at = LowerBound(leaf, key);
        if (leaf.Count < Leaf.Capacity)
        {
            Insert(leaf, at, key, entry);
            return null;
        }
        // Keys that come in order leave full leaves behind instead of half full ones.
        int half = at == Leaf.Capacity && leaf.Next is null ? Leaf.Capacity : Leaf.Capacity / 2;
        var right = SplitLeaf(leaf, half, half == Leaf.Capacity ? key : keys.KeyOf(leaf.Entries[half]));
        if (key.SequenceCompareTo(right.Low) < 0) Insert(leaf, at, key, entry);
        else Insert(right, at - half, key, entry);
        return new Split(right.Low, right);
    }

    private Leaf SplitLeaf(Leaf leaf, int half, ReadOnlySpan<byte> firstRight)
    {
        int shared = keys.KeyOf(leaf.Entries[half - 1]).CommonPrefixLength(firstRight);
        var right = new Leaf(firstRight[..(shared + 1)].ToArray()) { Next = leaf.Next, Count = Leaf.Capacity - half };
        ((ReadOnlySpan<int>)leaf.Entries)[half..].CopyTo(right.Entries);
        SetMarks(right);
        leaf.BeginChange();
        leaf.Count = half;
        leaf.Next = right;
        SetMarks(leaf);
        leaf.EndChange();
        _leaves++;
        return right;
    }

    private void Insert(Leaf leaf, int at, ReadOnlySpan<byte> key, int entry)
    {
        leaf.BeginChange();
        Span<uint> marks = leaf.Marks;
        Span<int> entries = leaf.Entries;
        marks[at..leaf.Count].CopyTo(marks[(at + 1)..]);
        entries[at..leaf.Count].CopyTo(entries[(at + 1)..]);
        entries[at] = entry;
        leaf.Count++;
        bool isEdge = at == 0 || at == leaf.Count - 1;
        if (isEdge && (leaf.Count <= 2 || SharedBytes(leaf) < leaf.Skip)) SetMarks(leaf);
        else marks[at] = MarkOf(key, leaf.Skip);
        leaf.EndChange();
    }

    private int SharedBytes(Leaf leaf) => keys.KeyOf(leaf.Entries[0]).CommonPrefixLength(keys.KeyOf(leaf.Entries[leaf.Count - 1]));

    private void SetMarks(Leaf leaf)
    {
        leaf.Skip = leaf.Count < 2 ? 0 : SharedBytes(leaf);
        for (int i = 0; i < leaf.Count; i++) leaf.Marks[i] = MarkOf(keys.KeyOf(leaf.Entries[i]), leaf.Skip);
    }

    private static uint MarkOf(ReadOnlySpan<byte> key, int skip)
    {
        if (key.Length >= skip + 4) return BinaryPrimitives.ReadUInt32BigEndian(key[skip..]);
        uint mark = 0;
        for (int i = 0; i < 4; i++) mark = mark << 8 | (skip + i < key.Length ? key[skip + i] : 0u);
        return mark;
    }

    // ---- any thread ----

    /// <summary>Copies the entries of one leaf from the first key that is at least <paramref name="from"/> on.</summary>
    /// <param name="next">Where to go on; null after the last leaf.</param>
    public int CopyFrom(ReadOnlySpan<byte> from, Span<int> target, out byte[]? next)
    {
        var leaf = FindLeaf(from);
        while (true)
        {
            int version = leaf.BeginRead();
            var right = leaf.Next;
            int count = leaf.Count, at = LowerBound(leaf, from);
            int copied = Math.Max(0, count - at);
            if (copied > 0) ((ReadOnlySpan<int>)leaf.Entries).Slice(at, copied).CopyTo(target);
            if (!leaf.StillAt(version)) continue;
            if (right is not null && right.Low.AsSpan().SequenceCompareTo(from) <= 0)
            {
                leaf = right;
                continue;
            }
            next = right?.Low;
            return copied;
        }
    }

    /// <summary>Copies, in ascending order, the entries of the leaf that holds the last keys below <paramref name="before"/> (null: the last keys of all).</summary>
    /// <param name="next">Where to go on; null after the first leaf.</param>
    public int CopyBelow(byte[]? before, Span<int> target, out byte[]? next)
    {
        var leaf = FindLeafBelow(before);
        while (true)
        {
            int version = leaf.BeginRead();
            var right = leaf.Next;
            int count = leaf.Count;
            int copied = before is null ? count : Math.Min(count, LowerBound(leaf, before));
            ((ReadOnlySpan<int>)leaf.Entries)[..copied].CopyTo(target);
            if (!leaf.StillAt(version)) continue;
            if (right is not null && (before is null || right.Low.AsSpan().SequenceCompareTo(before) < 0))
            {
                leaf = right;
                continue;
            }
            next = leaf.Low.Length == 0 ? null : leaf.Low;
            return copied;
        }
    }

    private Leaf FindLeaf(ReadOnlySpan<byte> key)
    {
        object node = Volatile.Read(ref _root);
        while (node is Branch branch)
        {
            var content = branch.Content;
            node = content.Children[content.ChildAt(key)];
        }
        return (Leaf)node;
    }

    private Leaf FindLeafBelow(byte[]? key)
    {
        object node = Volatile.Read(ref _root);
        while (node is Branch branch)
        {
            var content = branch.Content;
            node = content.Children[key is null ? content.Children.Length - 1 : content.ChildBelow(key)];
        }
        return (Leaf)node;
    }

    private Leaf FirstLeaf() => FindLeaf([]);

    /// <summary>The first position whose key is at least <paramref name="key"/>. Beside a writer the answer may be wrong, never out of bounds.</summary>
    private int LowerBound(Leaf leaf, ReadOnlySpan<byte> key)
    {
        int low = 0, high = Math.Min(leaf.Count, Leaf.Capacity), skip = leaf.Skip;
        if (high == 0) return 0;
        if (skip > 0)
        {
            var shared = keys.KeyOf(leaf.Entries[0]);
            int order = key[..Math.Min(skip, key.Length)].SequenceCompareTo(shared[..Math.Min(skip, shared.Length)]);
            if (order != 0) return order < 0 ? 0 : high;
        }
        uint mark = MarkOf(key, skip);
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            uint found = leaf.Marks[middle];
            bool isBelow = found != mark ? found < mark : keys.KeyOf(leaf.Entries[middle]).SequenceCompareTo(key) < 0;
            if (isBelow) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}

/// <summary>Gives the tree the key of an entry.</summary>
internal interface IKeySource
{
    ReadOnlySpan<byte> KeyOf(int entry);
}
