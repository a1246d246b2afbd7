namespace KvStore.Storage.Engine.Index;

/// <summary>
/// The version slots of all writes after the drop point, in order of (revision, sub): what compaction works off from its front, and what a watch reads from its end.
/// One writer; a reader holds the chunk that it is at, and the collector keeps that alive.
/// </summary>
internal sealed class Journal
{
    private Chunk _head = new();
    private Chunk _tail;

    public Journal() => _tail = _head;

    public void Add(int slot)
    {
        if (_tail.Count == Chunk.Capacity)
        {
            var next = new Chunk();
            _tail.Next = next;
            _tail = next;
        }
        _tail.Slots[_tail.Count] = slot;
        _tail.Count++;
    }

    /// <summary>The oldest write; 0 when there is none.</summary>
    public int Peek()
    {
        if (_head.Popped == Chunk.Capacity && _head.Next is { } next) Volatile.Write(ref _head, next);
        return _head.Popped < _head.Count ? _head.Slots[_head.Popped] : 0;
    }

    public void Pop() => _head.Popped++;

    /// <summary>Where a reader begins.</summary>
    public Chunk First => Volatile.Read(ref _head);

    internal sealed class Chunk
    {
        public const int Capacity = 512;

        public readonly int[] Slots = new int[Capacity];
        private int _count;
        private int _popped;
        private Chunk? _next;

        /// <summary>Slots below it are written for good.</summary>
        public int Count { get => Volatile.Read(ref _count); set => Volatile.Write(ref _count, value); }
        /// <summary>Slots below it were dropped, and may be in use again.</summary>
        public int Popped { get => Volatile.Read(ref _popped); set => Volatile.Write(ref _popped, value); }
        public Chunk? Next { get => Volatile.Read(ref _next); set => Volatile.Write(ref _next, value); }
    }
}
