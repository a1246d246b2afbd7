using KvStore.Node.Checkpoints;
using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Engine;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Snapshots;

/// <summary>
/// Takes RaftSnapshots into a new store beside the current one and switches to it. The order makes every crash safe:
/// (1) records are written to a directory that nothing names; (2) the apply worker stops applying; (3) the old store is closed, the new one checkpointed together with its state,
/// read back, and CURRENT switched: from here on a restart begins with the snapshot, and since its state says <c>installed</c>, a log that ends behind it is discarded;
/// (4) the apply worker goes on with the new state; (5) the core is told, and with its next batch the WAL's log of the group is reset.
/// All of it happens on the background worker unless it says otherwise.
/// </summary>
internal sealed class SnapshotReceiver
{
    private static readonly TimeSpan AbandonAfter = TimeSpan.FromSeconds(60);

    private readonly BackgroundWorker _background;
    private readonly ITransport _transport;
    private readonly ITimeSource _time;
    private readonly MaintenanceQueue _maintenance;
    private readonly Func<ReplicaApplier, SnapshotInstall> _beginInstall;
    private readonly Func<bool> _hasRoom;
    private readonly ILogger _logger;
    private readonly SortedDictionary<GroupId, IncomingSnapshot> _streams = [];

    private enum Verdict { Taken, Refused, Held }

    public SnapshotReceiver(BackgroundWorker background, ITransport transport, ITimeSource time, MaintenanceQueue maintenance, Func<ReplicaApplier, SnapshotInstall> beginInstall, Func<bool> hasRoom, ILogger logger)
    {
        (_background, _transport, _time, _maintenance, _beginInstall, _hasRoom, _logger) = (background, transport, time, maintenance, beginInstall, hasRoom, logger);
        background.AddTimer(Look);
    }

    public void Take(SnapshotChunk chunk, ReplicaApplier applier, NodeId from)
    {
        var group = applier.Replica.Group;
#if PLANTED
        if (!Plants.Has(PlantedBug.SnapshotUnchecked))
#endif
        if (ChunkChecksum.Of(chunk) != chunk.Crc)
        {
            // The sender sends again what is not acknowledged.
            NodeLog.SnapshotRefused(_logger, group, $"chunk {chunk.Number} of stream {chunk.StreamId} is damaged");
            return;
        }
        _streams.TryGetValue(group, out var stream);
        if (stream is { IsInstalling: true }) return;
        if (stream?.StreamId != chunk.StreamId)
        {
            if (stream is not null && stream.Term.Value > chunk.Term) return;
            stream = Begin(chunk, applier, from);
            if (stream is null)
            {
                // A leader that never heard of the installation, because the answer was lost or its follower started anew, has to learn of it here: without writes it has no newer state to send.
                Acknowledge(chunk, from, chunk.Number, IsHeld(chunk, applier) ? Verdict.Held : Verdict.Refused);
                return;
            }
        }
        try
        {
            if (chunk.Number == stream.Expected && stream.Add(chunk, _time.Now)) Install(stream, applier);
            else Acknowledge(chunk, from, stream.Expected, Verdict.Taken);
        }
        catch (Exception refused) when (refused is InvalidDataException or RecordDamagedException)
        {
            NodeLog.SnapshotRefused(_logger, group, refused.Message);
            _streams.Remove(group);
            stream.Dispose();
            Acknowledge(chunk, from, stream.Expected, Verdict.Refused);
        }
    }

    private IncomingSnapshot? Begin(SnapshotChunk chunk, ReplicaApplier applier, NodeId from)
    {
        var group = applier.Replica.Group;
#if PLANTED
        if (!Plants.Has(PlantedBug.OlderSnapshotTaken) || chunk.Number != 0 || chunk.State is null)
#endif
        if (chunk.Number != 0 || chunk.State is null || !_hasRoom() || IsHeld(chunk, applier)) return null;
        if (_streams.Remove(group, out var before)) before.Dispose();
        var stream = new IncomingSnapshot(chunk, from, _beginInstall(applier), _time.Now);
        _streams.Add(group, stream);
        return stream;
    }

    /// <summary>False for a chunk that does not say which entry the snapshot is of.</summary>
    private static bool IsHeld(SnapshotChunk chunk, ReplicaApplier applier) => chunk.State is { } state && new LogIndex(state.AppliedIndex) <= applier.Replica.Applied;

    private void Install(IncomingSnapshot stream, ReplicaApplier applier)
    {
        stream.IsInstalling = true;
        _maintenance.Install(applier, () => applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Inspect, applier, new Action<ReplicaApplier>(Detach))));

        void Detach(ReplicaApplier detached)
        {
#if PLANTED
            if (!Plants.Has(PlantedBug.OlderSnapshotTaken))
#endif
            if (detached.Replica.StoppedReason is not null || detached.Machine.Applied >= stream.Index)
            {
                // Stopped meanwhile, or entries came after all and went further than the snapshot.
                _background.Post(() => End(stream, detached, Verdict.Refused));
                return;
            }
            detached.Detach();
            _background.Post(() => Switch(stream, detached));
        }
    }

    private void Switch(IncomingSnapshot stream, ReplicaApplier applier)
    {
        applier.Store.Dispose();
        var state = stream.State;
        state.ReplicaId = applier.Replica.Id.Value;
        state.Installed = true;
        var store = stream.Commit();
        var machine = new GroupStateMachine(applier.Replica.Group, store, state);
        var metadata = new SnapshotMetadata(stream.Index, new Term(state.AppliedTerm), ConfigurationRecords.FromRecord(state.Configuration));
        var installed = new InstalledSnapshot(metadata, stream.From, stream.Term, state.GroupTimeUs);
        applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Attach, applier, new Action<ReplicaApplier>(detached =>
        {
            detached.Attach(store, machine);
            detached.Replica.Loop.Post(new LoopInput(LoopInputKind.SnapshotInstalled, detached.Replica, installed));
        })));
        NodeLog.SnapshotInstalled(_logger, applier.Replica.Group, stream.Index);
        End(stream, applier, Verdict.Taken);
    }

    private void End(IncomingSnapshot stream, ReplicaApplier applier, Verdict verdict)
    {
        _streams.Remove(applier.Replica.Group);
        stream.Dispose();
        Acknowledge(stream.LastChunk, stream.Node, stream.Expected, verdict);
        _maintenance.Finished(null);
    }

    private void Acknowledge(SnapshotChunk chunk, NodeId to, ulong wanted, Verdict verdict)
    {
        var frame = new PeerFrame();
        frame.Acknowledgements.Add(new SnapshotAcknowledgement
        {
            GroupId = chunk.GroupId, From = chunk.To, To = chunk.From, StreamId = chunk.StreamId, Number = wanted, Failed = verdict != Verdict.Taken, Held = verdict == Verdict.Held,
        });
        _transport.Send(to, frame);
    }

    private MonotonicTime? Look(MonotonicTime now)
    {
        foreach (var (group, stream) in _streams.ToArray())
        {
            if (stream.IsInstalling || now - stream.LastChunkAt < AbandonAfter) continue;
            _streams.Remove(group);
            stream.Dispose();
        }
        return _streams.Count == 0 ? null : now + AbandonAfter;
    }
}
