using KvStore.Node.Peer;
using KvStore.Node.Reads;
using KvStore.Node.Snapshots;
using KvStore.Node.Time;
using KvStore.Node.Transport;
using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>
/// Owns the consensus side of many replicas (DESIGN §14). One turn: take the inbox, step, gather what became ready of the replicas that were touched, submit all entries of all
/// groups to the WAL writer as one batch, send all messages to one node as one frame.
/// </summary>
internal sealed class ReplicaLoop : NodeWorker
{
    /// <summary>Frames that wait for a loop that does not keep up; more are dropped, as a network would.</summary>
    private const int FramesWaitingMax = 4096;

    private readonly ITimeSource _time;
    private readonly WalWriter _wal;
    private readonly TimeSpan _tickInterval;
    private readonly Inbox<LoopInput> _inbox;
    /// <summary>In order of their groups. A list, because every tick walks it and every message looks one up; drivers are added rarely.</summary>
    private readonly SortedList<GroupId, ReplicaDriver> _drivers = [];
    private readonly List<ReplicaDriver> _dirty = [];
    private readonly Stack<WalSubmission> _submissions = new();
    private readonly LoopTurn _turn;
    private MonotonicTime _nextTick;
    private int _framesWaiting;
    private Drain? _drain;

    public ReplicaLoop(int number, ITimeSource time, ITransport transport, WalWriter wal, TimeSpan heartbeatInterval, NodeFailure failure) : base($"loop-{number}", failure)
    {
        _time = time;
        _wal = wal;
        _tickInterval = heartbeatInterval / 5;
        _inbox = new Inbox<LoopInput>(this);
        _turn = new LoopTurn(new OutgoingFrames(transport)) { Wal = new WalSubmission(this) };
    }

    public void Post(LoopInput input) => _inbox.Post(input);

    public void PostWithoutWaking(LoopInput input) => _inbox.PostWithoutWaking(input);

    /// <summary>A frame that holds messages of this loop's groups.</summary>
    public void PostFrame(NodeId from, PeerFrame frame)
    {
        if (Interlocked.Increment(ref _framesWaiting) > FramesWaitingMax) Interlocked.Decrement(ref _framesWaiting);
        else _inbox.Post(new LoopInput(LoopInputKind.Frame, Subject: frame, Node: from));
    }

    public override bool IsBrief => true;

    protected override MonotonicTime? Turn()
    {
        var inputs = _inbox.Drain();
        // After the inbox: a message that came in while this thread stood still must not count as older than it is, or a follower's promise ends before its leader's lease.
        _turn.Now = _time.Now;
        foreach (var input in inputs) Take(input);
        if (_turn.Now >= _nextTick) Tick();
        foreach (var driver in _dirty)
        {
            driver.Dirty = false;
            driver.Gather(_turn);
        }
        _dirty.Clear();
        if (!_turn.Wal.IsEmpty)
        {
            _wal.Submit(_turn.Wal);
            _turn.Wal = _submissions.TryPop(out var submission) ? submission : new WalSubmission(this);
        }
        _turn.Frames.Send();
        GoOnDraining();
        return _nextTick;
    }

    private void Take(LoopInput input)
    {
        switch (input.Kind)
        {
            case LoopInputKind.Add: Add((ReplicaDriver)input.Subject!); return;
            case LoopInputKind.Frame: Take((PeerFrame)input.Subject!, input.Node); return;
            case LoopInputKind.Durable: Take((WalSubmission)input.Subject!); return;
            case LoopInputKind.Drain: _drain = (Drain)input.Subject!; return;
            case LoopInputKind.Unreachable:
                foreach (var each in _drivers.Values) each.Unreachable(input.Node);
                return;
        }
        if (!_drivers.TryGetValue(input.Replica!.Group, out var driver)) return;
        Take(input, driver);
        Mark(driver);
    }

    private void Take(LoopInput input, ReplicaDriver driver)
    {
        switch (input.Kind)
        {
            case LoopInputKind.Propose: driver.Propose(input.Subject!, _turn.Now); break;
            case LoopInputKind.Read: driver.Read((ReadWaiter)input.Subject!); break;
            case LoopInputKind.Applied: driver.Applied(new LogIndex(input.Number), _turn.Now); break;
            case LoopInputKind.Checkpointed: driver.Checkpointed(new LogIndex(input.Number), _turn); break;
            case LoopInputKind.SnapshotInstalled: driver.SnapshotInstalled((InstalledSnapshot)input.Subject!, _turn.Now); break;
            case LoopInputKind.SnapshotSent: driver.SnapshotSent((SnapshotReport)input.Subject!); break;
            case LoopInputKind.Transfer: driver.Transfer(input.Node, _turn.Now); break;
            case LoopInputKind.StoreDamaged: driver.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Stop, driver.Applier, input.Subject)); break;
            case LoopInputKind.StopReplica: driver.Stop(driver.Replica.StoppedError()); break;
            default: throw new InvalidOperationException($"loop input {input.Kind} is not known");
        }
    }

    private void Add(ReplicaDriver driver)
    {
        _drivers.Add(driver.Replica.Group, driver);
        driver.Start(_turn.Now);
        Mark(driver);
    }

    private void Take(PeerFrame frame, NodeId from)
    {
        Interlocked.Decrement(ref _framesWaiting);
        foreach (var message in frame.Messages)
        {
            if (!_drivers.TryGetValue(new GroupId(message.GroupId), out var driver)) continue;
            driver.Step(message, from, _turn.Now);
            Mark(driver);
        }
    }

    private void Take(WalSubmission durable)
    {
        foreach (var acknowledgement in durable.Acknowledgements)
        {
            acknowledgement.Driver.Durable(acknowledgement, _turn);
            Mark(acknowledgement.Driver);
        }
        durable.Clear();
        _submissions.Push(durable);
    }

    private void Mark(ReplicaDriver driver)
    {
        if (driver.Dirty) return;
        driver.Dirty = true;
        _dirty.Add(driver);
    }

    private void Tick()
    {
        _nextTick = _turn.Now + _tickInterval;
        for (var i = 0; i < _drivers.Count; i++)
        {
            var driver = _drivers.GetValueAtIndex(i);
            driver.Tick(_turn.Now);
            Mark(driver);
        }
    }

    private void GoOnDraining()
    {
        if (_drain is not { } drain) return;
        var done = true;
        foreach (var driver in _drivers.Values)
        {
            done &= driver.IsDrained(_turn.Now);
            if (!driver.Drain(_turn.Now)) continue;
            Mark(driver);
            Wake();
        }
        if (!done && _turn.Now < drain.Deadline) return;
        _drain = null;
        drain.LoopDone();
    }

    protected override void Abandon(NodeError error)
    {
        foreach (var input in _inbox.Drain())
        {
            if (input.Kind == LoopInputKind.Propose) Refuse(input.Subject!, error with { OutcomeUnknown = false });
            if (input.Kind == LoopInputKind.Read) ((ReadWaiter)input.Subject!).Fail(error);
        }
        foreach (var driver in _drivers.Values) driver.Stop(error);
        _drain?.LoopDone();
        _drain = null;
    }

    private static void Refuse(object proposal, NodeError error)
    {
        if (proposal is WriteBatch batch) batch.Failed(error);
        else ((GroupProposal)proposal).Completed(LogIndex.None, default, error);
    }
}
