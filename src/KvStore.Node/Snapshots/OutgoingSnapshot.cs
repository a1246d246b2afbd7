using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Node.State;
using KvStore.Node.Transport;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Snapshots;

/// <summary>
/// One RaftSnapshot on its way to a follower: the records of pinned range snapshots and the state of one applied index, in chunks. A few chunks are under way at a time; the
/// follower names the next one that it wants, and what was lost is sent again.
/// </summary>
internal sealed class OutgoingSnapshot : IDisposable
{
    private const int ChunkBytes = 256 << 10;
    private const int ChunksUnderWayMax = 4;

    private readonly GroupReplica _replica;
    private readonly IReadOnlyList<RangeSnapshot> _ranges;
    private readonly IEnumerator<(RecordId Id, byte[] Record)> _records;
    private readonly Queue<SnapshotChunk> _underWay = new();
    private GroupState? _state;
    private ulong _next;
    private bool _done;

    public OutgoingSnapshot(GroupReplica replica, ReplicaId to, NodeId node, Term term, ulong streamId, GroupState state, IReadOnlyList<RangeSnapshot> ranges, MonotonicTime now)
    {
        (_replica, To, Node, Term, StreamId, _state, _ranges, Began, LastProgress) = (replica, to, node, term, streamId, state, ranges, now, now);
        Index = new LogIndex(state.AppliedIndex);
        _records = ranges.SelectMany(range => range.Records(Revision.Zero)).GetEnumerator();
    }

    public ReplicaId To { get; }
    public NodeId Node { get; }
    public Term Term { get; }
    public ulong StreamId { get; }
    public LogIndex Index { get; }
    public MonotonicTime Began { get; }
    public MonotonicTime LastProgress { get; private set; }
    public MonotonicTime LastSent { get; private set; }

    /// <summary>The follower has everything and has switched to it.</summary>
    public bool IsAcknowledged => _done && _underWay.Count == 0;

    /// <summary>The follower has taken all chunks before <paramref name="wanted"/>.</summary>
    public void Acknowledge(ulong wanted, MonotonicTime now)
    {
        while (_underWay.TryPeek(out var chunk) && chunk.Number < wanted)
        {
            _underWay.Dequeue();
            LastProgress = now;
        }
    }

    /// <exception cref="SnapshotEndedException">The pin on the ranges' history has ended.</exception>
    public void SendMore(ITransport transport, MonotonicTime now)
    {
        while (!_done && _underWay.Count < ChunksUnderWayMax)
        {
            var chunk = ReadChunk();
            _underWay.Enqueue(chunk);
            Send(chunk, transport, now);
        }
    }

    public void SendAgain(ITransport transport, MonotonicTime now)
    {
        foreach (var chunk in _underWay) Send(chunk, transport, now);
    }

    private void Send(SnapshotChunk chunk, ITransport transport, MonotonicTime now)
    {
        var frame = new PeerFrame();
        frame.Chunks.Add(chunk);
        transport.Send(Node, frame);
        LastSent = now;
    }

    private SnapshotChunk ReadChunk()
    {
        var chunk = new SnapshotChunk
        {
            GroupId = _replica.Group.Value, From = _replica.Id.Value, To = To.Value, StreamId = StreamId, Number = _next++, Term = Term.Value,
        };
        if (_state is not null) (chunk.State, _state) = (_state, null);
        var bytes = 0;
        while (bytes < ChunkBytes && !_done)
        {
            if (!_records.MoveNext())
            {
                _done = chunk.Done = true;
                break;
            }
            var (id, record) = _records.Current;
            chunk.Records.Add(new SnapshotRecord { Stay = id.Stay.Value, Revision = id.Revision.Value, Sub = id.Sub, Record = UnsafeByteOperations.UnsafeWrap(record) });
            bytes += record.Length + 32;
        }
        chunk.Crc = ChunkChecksum.Of(chunk);
        return chunk;
    }

    public void Dispose()
    {
        _records.Dispose();
        foreach (var range in _ranges) range.Dispose();
    }
}
