using KvStore.Node.Peer;
using KvStore.Node.Replicas;
using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Engine;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Snapshots;

/// <summary>Streams RaftSnapshots to followers whose entries are no longer in the log. All but <see cref="Start"/> happens on the background worker.</summary>
internal sealed class SnapshotSender
{
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FailAfter = TimeSpan.FromSeconds(30);

    /// <summary>Longer than this history is not kept for one stream (DESIGN §5).</summary>
    private static readonly TimeSpan PinTime = TimeSpan.FromSeconds(60);

    private readonly BackgroundWorker _background;
    private readonly ITransport _transport;
    private readonly ITimeSource _time;
    private readonly SeededRandom _random;
    private readonly ILogger _logger;
    private readonly SortedDictionary<(GroupId, ReplicaId), (OutgoingSnapshot Stream, ReplicaApplier Applier)> _streams = [];

    public SnapshotSender(BackgroundWorker background, ITransport transport, ITimeSource time, SeededRandom random, ILogger logger)
    {
        (_background, _transport, _time, _random, _logger) = (background, transport, time, random, logger);
        background.AddTimer(Look);
    }

    /// <summary>From a loop: pins the state on the apply worker, then streams it. Ends with exactly one <see cref="SnapshotReport"/> to the loop.</summary>
    public void Start(ReplicaApplier applier, ReplicaId to, NodeId node, Term term)
    {
        var pin = new Action<ReplicaApplier>(Pin);
        applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Inspect, applier, pin));

        void Pin(ReplicaApplier pinned)
        {
            if (pinned.Replica.StoppedReason is not null) return;
            var state = pinned.CaptureState();
            var ranges = pinned.Store.Ranges.OrderBy(range => range.Stay).Select(range => range.Snapshot(null, SnapshotHistory.All)).ToArray();
            _background.Post(() => Begin(pinned, new OutgoingSnapshot(pinned.Replica, to, node, term, _random.Next(), state, ranges, _time.Now)));
        }
    }

    private void Begin(ReplicaApplier applier, OutgoingSnapshot stream)
    {
        var key = (applier.Replica.Group, stream.To);
        if (_streams.ContainsKey(key)) End(key, SnapshotOutcome.Failed, "another one began");
        NodeLog.SnapshotStarted(_logger, applier.Replica.Group, stream.Index, stream.To, stream.Node);
        _streams.Add(key, (stream, applier));
        SendMore(key, stream);
    }

    /// <summary>Background worker: a follower's word on a stream.</summary>
    public void Take(SnapshotAcknowledgement acknowledgement)
    {
        var key = (new GroupId(acknowledgement.GroupId), new ReplicaId(acknowledgement.From));
        if (!_streams.TryGetValue(key, out var found) || found.Stream.StreamId != acknowledgement.StreamId) return;
        if (acknowledgement.Failed)
        {
            if (acknowledgement.Held) End(key, SnapshotOutcome.Sent, "the follower holds it already");
            else End(key, SnapshotOutcome.Failed, "the follower refused it");
            return;
        }
        found.Stream.Acknowledge(acknowledgement.Number, _time.Now);
        if (found.Stream.IsAcknowledged) End(key, SnapshotOutcome.Sent, "installed");
        else SendMore(key, found.Stream);
    }

    private void SendMore((GroupId, ReplicaId) key, OutgoingSnapshot stream)
    {
        try
        {
            stream.SendMore(_transport, _time.Now);
        }
        catch (SnapshotEndedException ended)
        {
            End(key, SnapshotOutcome.Failed, ended.Message);
        }
    }

    private MonotonicTime? Look(MonotonicTime now)
    {
        foreach (var (key, (stream, applier)) in _streams.ToArray())
        {
            var view = applier.Replica.View;
            if (now - stream.Began >= PinTime) End(key, SnapshotOutcome.Failed, $"history is pinned for no longer than {PinTime}");
            else if (!view.IsLeader || view.Term != stream.Term) End(key, SnapshotOutcome.Failed, "leadership was lost");
            else if (now - stream.LastProgress >= FailAfter) End(key, SnapshotOutcome.Failed, "the follower does not answer");
            else if (now - stream.LastProgress >= SendAgainAfter && now - stream.LastSent >= SendAgainAfter) stream.SendAgain(_transport, now);
        }
        return _streams.Count == 0 ? null : now + SendAgainAfter;
    }

    private void End((GroupId, ReplicaId) key, SnapshotOutcome outcome, string why)
    {
        _streams.Remove(key, out var ended);
        ended.Stream.Dispose();
        var replica = ended.Applier.Replica;
        NodeLog.SnapshotEnded(_logger, replica.Group, ended.Stream.To, why);
        replica.Loop.Post(new LoopInput(LoopInputKind.SnapshotSent, replica, new SnapshotReport(ended.Stream.To, outcome, ended.Stream.Index)));
    }
}
