using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.State;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Snapshots;

/// <summary>A RaftSnapshot being received, chunk after chunk in order, into a store of its own.</summary>
internal sealed class IncomingSnapshot : IDisposable
{
    private readonly SnapshotInstall _install;

    public IncomingSnapshot(SnapshotChunk first, NodeId node, SnapshotInstall install, MonotonicTime now)
    {
        (LastChunk, Node, _install, State, LastChunkAt) = (first, node, install, first.State, now);
        foreach (var range in State.Ranges) install.Store.CreateRange(RangeDescription.New(new Stay(range.Stay)) with { CompactRevision = new Revision(range.CompactRevision) });
    }

    public GroupState State { get; }
    public NodeId Node { get; }
    public SnapshotChunk LastChunk { get; private set; }
    public MonotonicTime LastChunkAt { get; private set; }

    /// <summary>The number of the next chunk.</summary>
    public ulong Expected { get; private set; }

    /// <summary>Complete, and on its way to become the replica's state.</summary>
    public bool IsInstalling { get; set; }

    public ulong StreamId => LastChunk.StreamId;
    public ReplicaId From => new(LastChunk.From);
    public Term Term => new(LastChunk.Term);
    public LogIndex Index => new(State.AppliedIndex);

    /// <summary>True when this was the last chunk.</summary>
    public bool Add(SnapshotChunk chunk, MonotonicTime now)
    {
        Invariant.That(chunk.Number == Expected);
        foreach (var record in chunk.Records)
        {
            var id = new RecordId(new Stay(record.Stay), new Revision(record.Revision), record.Sub);
            var range = _install.Store.FindRange(id.Stay) ?? throw new InvalidDataException($"snapshot record of stay {record.Stay}, which the snapshot's state does not name");
            range.Restore(id, record.Record.Span);
        }
        (LastChunk, LastChunkAt) = (chunk, now);
        Expected++;
        return chunk.Done;
    }

    /// <summary>Makes the received store the group's current one, durably. The old one is closed.</summary>
    public GroupStore Commit()
    {
        foreach (var range in State.Ranges) _install.Store.FindRange(new Stay(range.Stay))!.Publish(new Revision(range.Revision));
        return _install.Commit(State.ToByteArray());
    }

    public void Dispose() => _install.Dispose();
}
