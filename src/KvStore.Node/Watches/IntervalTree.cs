using KvStore.Node.Placement;

namespace KvStore.Node.Watches;

/// <summary>
/// Intervals of keys, each with something, to be found by a key that they hold: a treap in order of (start, number) whose nodes know the farthest end below them. Its shape
/// follows from the numbers alone.
/// </summary>
internal sealed class IntervalTree<T> where T : class
{
    private Node? _root;

    public bool IsEmpty => _root is null;

    /// <param name="start">Inclusive.</param>
    /// <param name="end">Exclusive; empty: without end.</param>
    /// <param name="number">Unique.</param>
    /// <param name="item">What is found.</param>
    public void Add(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ulong number, T item)
    {
        var added = new Node(start, end, number, StableHash.Compute(number, 0), item);
        Split(_root, added, out var left, out var right);
        _root = Join(Join(left, added), right);
    }

    public void Remove(ReadOnlyMemory<byte> start, ulong number) => _root = Remove(_root, start.Span, number);

    /// <summary>Adds the items of all intervals that hold a key, in order of (start, number).</summary>
    public void Find(ReadOnlySpan<byte> key, List<T> found) => Find(_root, key, found);

    private static void Find(Node? node, ReadOnlySpan<byte> key, List<T> found)
    {
        while (node is not null && EndsBehind(node.Farthest, key))
        {
            Find(node.Left, key, found);
            if (node.Start.Span.SequenceCompareTo(key) > 0) return;
            if (EndsBehind(node.End, key)) found.Add(node.Item);
            node = node.Right;
        }
    }

    private static bool EndsBehind(ReadOnlyMemory<byte> end, ReadOnlySpan<byte> key) => end.IsEmpty || key.SequenceCompareTo(end.Span) < 0;

    private static int Compare(Node node, ReadOnlySpan<byte> start, ulong number)
    {
        var order = node.Start.Span.SequenceCompareTo(start);
        return order != 0 ? order : node.Number.CompareTo(number);
    }

    private static void Split(Node? node, Node at, out Node? left, out Node? right)
    {
        if (node is null) left = right = null;
        else if (Compare(node, at.Start.Span, at.Number) < 0)
        {
            Split(node.Right, at, out node.Right, out right);
            left = node;
        }
        else
        {
            Split(node.Left, at, out left, out node.Left);
            right = node;
        }
        node?.Measure();
    }

    private static Node? Join(Node? left, Node? right)
    {
        if (left is null || right is null) return left ?? right;
        Node top;
        if (left.Priority > right.Priority)
        {
            top = left;
            top.Right = Join(left.Right, right);
        }
        else
        {
            top = right;
            top.Left = Join(left, right.Left);
        }
        top.Measure();
        return top;
    }

    private static Node? Remove(Node? node, ReadOnlySpan<byte> start, ulong number)
    {
        if (node is null) return null;
        var order = Compare(node, start, number);
        if (order == 0) return Join(node.Left, node.Right);
        if (order > 0) node.Left = Remove(node.Left, start, number);
        else node.Right = Remove(node.Right, start, number);
        node.Measure();
        return node;
    }

    private sealed class Node(ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end, ulong number, ulong priority, T item)
    {
        public readonly ReadOnlyMemory<byte> Start = start;
        public readonly ReadOnlyMemory<byte> End = end;
        public readonly ulong Number = number;
        public readonly ulong Priority = priority;
        public readonly T Item = item;
        public Node? Left;
        public Node? Right;
        /// <summary>The farthest end of this node and all below it; empty: without end.</summary>
        public ReadOnlyMemory<byte> Farthest = end;

        public void Measure()
        {
            Farthest = End;
            Reach(Left);
            Reach(Right);
        }

        private void Reach(Node? child)
        {
            if (child is null || Farthest.IsEmpty) return;
            if (child.Farthest.IsEmpty || child.Farthest.Span.SequenceCompareTo(Farthest.Span) > 0) Farthest = child.Farthest;
        }
    }
}
