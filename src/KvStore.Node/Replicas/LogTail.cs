using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>How much of a log is kept behind its newest checkpoint: what slow followers need, up to a limit in bytes, and at least since the checkpoint before, so that a short absence needs no snapshot.</summary>
internal sealed class LogTail(NodeOptions options, LogIndex start)
{
    /// <summary>Where the log can be cut, in order, with the bytes appended before: one mark a checkpoint and one every few MB.</summary>
    private readonly Queue<(LogIndex Index, long Bytes)> _marks = new();
    private LogIndex _previousCheckpoint = start;
    private LogIndex _last = start;
    private LogIndex _forgotten = start;
    private long _bytes;
    private long _markedBytes;

    private long MarkBytes => Math.Max(1, options.CheckpointLogBytes / 8);

    public void Appended(IReadOnlyList<Entry> entries)
    {
        foreach (var entry in entries)
        {
            // After a truncation indexes come again; then bytes are counted a little too high, which only shortens the tail.
            _last = entry.Index;
            _bytes += entry.Size;
        }
        if (_bytes - _markedBytes < MarkBytes) return;
        _markedBytes = _bytes;
        _marks.Enqueue((_last, _bytes));
    }

    public void Reset(LogIndex index)
    {
        _marks.Clear();
        _previousCheckpoint = _last = _forgotten = index;
    }

    /// <summary>Up to and with which index the log may be forgotten now that there is a checkpoint at <paramref name="index"/>.</summary>
    /// <param name="slowest">What the slowest follower has; null when this replica does not know.</param>
    /// <param name="toForget">What the WAL, grown too large, cannot keep, whoever needs it.</param>
    public LogIndex Checkpointed(LogIndex index, LogIndex? slowest, LogIndex toForget)
    {
        var until = LogIndex.Max(LogIndex.Min(_previousCheckpoint, slowest ?? index), toForget);
        _previousCheckpoint = index;
        while (_marks.TryPeek(out var mark) && mark.Index <= index && (mark.Index <= until || _bytes - mark.Bytes >= options.FollowerLagBytesMax))
        {
            until = LogIndex.Max(until, mark.Index);
            _marks.Dequeue();
        }
        _forgotten = LogIndex.Max(_forgotten, LogIndex.Min(until, index));
        return _forgotten;
    }
}
