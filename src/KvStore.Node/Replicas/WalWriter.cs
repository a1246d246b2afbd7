using KvStore.Node.Time;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Wal;

namespace KvStore.Node.Replicas;

/// <summary>The one writer of the node's WAL: everything that all loops have submitted goes into one batch, is written and synced once, and is then acknowledged to each loop.</summary>
internal sealed class WalWriter : NodeWorker
{
    /// <summary>While the disk is nearly full nothing is written that would show that there is room again, so the writer looks from time to time; and it asks for a checkpoint no more often.</summary>
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly Wal _wal;
    private readonly ITimeSource _time;
    private readonly Action<GroupId> _checkpointWanted;
    private readonly Inbox<WalSubmission> _inbox;
    private readonly WalBatch _batch = new();
    private MonotonicTime _askAgainAt;
    private volatile bool _hasRoom;

    public WalWriter(Wal wal, ITimeSource time, NodeFailure failure, Action<GroupId> checkpointWanted) : base("wal", failure)
    {
        _wal = wal;
        _time = time;
        _checkpointWanted = checkpointWanted;
        _hasRoom = wal.HasRoom;
        _inbox = new Inbox<WalSubmission>(this);
    }

    /// <summary>False while the disk is too full to take proposals.</summary>
    public bool HasRoom => _hasRoom;

    public void Submit(WalSubmission submission) => _inbox.Post(submission);

    protected override MonotonicTime? Turn()
    {
        var submissions = _inbox.Drain();
        foreach (var submission in submissions)
        {
            _batch.HardStates.AddRange(submission.HardStates);
            _batch.Records.AddRange(submission.Records);
        }
        if (!_batch.IsEmpty)
        {
            _wal.Write(_batch);
            _batch.Clear();
        }
        foreach (var submission in submissions) submission.Loop.Post(new LoopInput(LoopInputKind.Durable, Subject: submission));
        return AfterWrite();
    }

    private MonotonicTime? AfterWrite()
    {
        var now = _time.Now;
        var again = _wal.Idle(now);
        _hasRoom = _wal.HasRoom;
        if (now >= _askAgainAt && _wal.GroupToCheckpoint is { } group)
        {
            _askAgainAt = now + CheckInterval;
            _checkpointWanted(group);
        }
        if (!_hasRoom && (again is null || again > CheckInterval)) again = CheckInterval;
        return again is { } wait ? now + wait : null;
    }

    /// <summary>Callers are answered by the loops that wait for the acknowledgement.</summary>
    protected override void Abandon(NodeError error)
    {
    }
}
