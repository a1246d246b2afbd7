namespace KvStore.Raft.Replication;

/// <summary>The appends that a follower has not acknowledged yet, oldest first, with their bytes.</summary>
internal sealed class InFlight
{
    private (LogIndex Last, long Bytes)[] _ring = [];
    private int _head;

    public int Count { get; private set; }
    public long Bytes { get; private set; }

    public void Add(LogIndex last, long bytes)
    {
        if (Count == _ring.Length) Grow();
        _ring[(_head + Count) & (_ring.Length - 1)] = (last, bytes);
        Count++;
        Bytes += bytes;
    }

    public void Acknowledge(LogIndex index)
    {
        while (Count > 0 && _ring[_head].Last <= index)
        {
            Bytes -= _ring[_head].Bytes;
            _head = (_head + 1) & (_ring.Length - 1);
            Count--;
        }
    }

    public void Clear()
    {
        _head = 0;
        Count = 0;
        Bytes = 0;
    }

    private void Grow()
    {
        var larger = new (LogIndex, long)[Math.Max(8, _ring.Length * 2)];
        for (var i = 0; i < Count; i++) larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        _ring = larger;
        _head = 0;
    }
}
