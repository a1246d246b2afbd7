using KvStore.Raft;
using KvStore.Simulation.Checks;
using KvStore.Simulation.World;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Simulation.Membership;

/// <summary>
/// One replica: the product's core and WAL with a host of a few lines that carries out each Ready as its contract says: messages at once, the disk later and in order, what waits for the
/// disk after it, and application as a hash over what was applied.
/// </summary>
internal sealed class Member
{
    private const int EntriesBetweenCheckpoints = 40;
    private static readonly WalOptions Files = new() { Directory = "/wal", SegmentBytes = 64 << 10, TargetBytes = 128 << 10, ReserveBytes = 0 };

    private readonly MembershipRun _run;
    private readonly Configuration _initial;
    private readonly VirtualRandom _random;
    private readonly ObservedReplica _observed;
    private readonly Queue<Ready> _toDisk = new();
    private readonly WalBatch _batch = new();
    private readonly Dictionary<ulong, LogIndex> _reads = [];
    private Wal? _wal;
    private RaftNode? _raft;
    private MemberCheckpoint? _checkpoint;
    private ulong _hash;
    private int _life;
    private bool _isDiskBusy;
    private (RaftRole, Term, Configuration?) _seen;

    public Member(MembershipRun run, ReplicaId id, Configuration initial)
    {
        (_run, Id, _initial) = (run, id, initial);
        _random = VirtualRandom.Stream(run.Seed, $"member {id}");
        _observed = run.Book.Add(MembershipRun.Group, id, new NodeId(id.Value), () => _raft?.LeaseReadIndex(Now) is null ? TimeSpan.Zero : _raft.LeaseView!.Value.Until - Now);
    }

    public ReplicaId Id { get; }
    public MemoryFileSystem Disk { get; } = new() { CapacityBytes = 1L << 40 };
    public bool IsUp => _raft is not null;
    public bool IsStalled { get; set; }
    public RaftNode Raft => _raft!;
    public LogIndex Applied { get; private set; }
    public Term AppliedTerm { get; private set; }
    public ulong Hash => _hash;
    private MonotonicTime Now => _run.Clock.Now;

    public void Start()
    {
        if (IsUp) return;
        _life++;
        try
        {
            Open();
        }
        catch (MachineStoppedException)
        {
            Crash();
            return;
        }
        Tick(_life);
    }

    private void Open()
    {
        _wal = Wal.Open(Disk, Files, 7, NullLogger.Instance);
        var recovered = _wal.TakeRecovered().FirstOrDefault(log => log.Group == MembershipRun.Group) ?? new WalGroupRecovery(MembershipRun.Group, default, default, default, []);
        _checkpoint = MemberCheckpoint.Read(Disk);
        var (index, term, configuration) = _checkpoint is { } found ? (found.Index, found.Term, found.Configuration) : (LogIndex.None, Term.None, _initial);
        (Applied, AppliedTerm, _hash) = (index, term, _checkpoint?.Hash ?? 0);
        var entries = recovered.Entries.SkipWhile(entry => entry.Index <= index).ToList();
        var last = recovered.CompactedIndex + (ulong)recovered.Entries.Count;
        var termThere = index == recovered.CompactedIndex ? recovered.CompactedTerm : recovered.Entries.FirstOrDefault(entry => entry.Index == index)?.Term ?? Term.None;
        if (last < index || termThere != term)
        {
            // The checkpoint came as a snapshot, and the crash came before the log was reset.
            _batch.Records.Add(WalRecord.Reset(MembershipRun.Group, index, term));
            _wal.Write(_batch);
            _batch.Clear();
            entries = [];
        }
        var start = new RaftStart
        {
            HardState = recovered.HardState, SnapshotIndex = index, SnapshotTerm = term, Configuration = configuration, Applied = index, Entries = entries, Log = _wal.LogOf(MembershipRun.Group),
        };
        _run.Book.Started(_observed, start);
        _raft = new RaftNode(_run.OptionsOf(Id, _random.Next()), start, Now);
    }

    /// <summary>The power goes.</summary>
    public void Crash() => End(() => Disk.Crash(_random.Next()));

    public void Kill() => End(Disk.KillProcess);

    private void End(Action disk)
    {
        (_raft, _wal, _isDiskBusy) = (null, null, false);
        _toDisk.Clear();
        _batch.Clear();
        _reads.Clear();
        _life++;
        disk();
    }

    public void Do(Action<RaftNode> input)
    {
        if (!IsUp) return;
        try
        {
            input(Raft);
            CarryOut();
        }
        catch (InvariantViolationException broken)
        {
            _run.Findings.Report("product assertion", $"replica {Id}: {broken}");
        }
    }

    public void Read(ulong id)
    {
        if (!IsUp) return;
        _reads[id] = _run.Book.GroupOf(MembershipRun.Group).Committed;
        Do(raft => raft.ReadIndex(id, Now));
    }

    private void Tick(int life)
    {
        if (life != _life) return;
        if (!IsStalled) Do(raft => raft.Tick(Now));
        _run.Clock.After(TimeSpan.FromMilliseconds(20), () => Tick(life));
    }

    private void CarryOut()
    {
        while (_raft is { HasReady: true })
        {
            var ready = _raft.TakeReady();
            if (ready.InstalledSnapshot is { } installed) _observed.Reset(installed.Index, installed.Term);
            if (ready.Entries.Count > 0) _run.Book.Logged(_observed, ready.Entries);
            Look();
            foreach (var message in ready.Messages) Send(message);
            if (ready.HardState is not null || ready.Entries.Count > 0 || ready.InstalledSnapshot is not null || ready.MessagesAfterSync.Count > 0) _toDisk.Enqueue(ready);
            foreach (var entry in ready.Committed) Apply(entry);
            foreach (var state in ready.ReadStates) Answer(state);
            foreach (var follower in ready.SnapshotsToSend) _run.SendSnapshot(this, follower);
            if (ready.Committed.Count > 0) _raft.Applied(LogIndex.Min(Applied, _raft.Commit), Now);
        }
        Look();
        StartDisk();
    }

    private void Look()
    {
        var (role, term, commit, configuration) = (Raft.Role, Raft.Term, Raft.Commit, Raft.Configuration);
        if (_seen != (role, term, configuration)) _run.Trace.Line(() => $"replica {Id}: {role} in term {term}, log {Raft.FirstIndex} to {Raft.LastIndex}, commit {commit}, {configuration}");
        _seen = (role, term, configuration);
        _run.Book.Look(_observed, term, role == RaftRole.Leader, commit);
    }

    private void Send(RaftMessage message)
    {
        _run.Book.Sent(_observed, new SentMessage(message.Kind, message.To, message.Term, message.Index, message.Reject));
        _run.Send(message);
    }

    private void Answer(ReadState state)
    {
        if (!_reads.Remove(state.RequestId, out var committed) || state.Failed) return;
        _run.OperationAnswered();
        if (state.Index < committed) _run.Findings.Report("read index", $"replica {Id} may read at {state.Index}, though {committed} was committed before it asked");
    }

    private void Apply(Entry entry)
    {
        if (entry.Index <= Applied) return;
        _hash = (_hash ^ TraceLog.HashOf(entry.Payload.Span) ^ entry.Term.Value) * 0x100000001B3 + entry.Index.Value;
        (Applied, AppliedTerm) = (entry.Index, entry.Term);
        _run.Book.Applied(_observed, entry.Index, _hash);
    }

    private void StartDisk()
    {
        if (_isDiskBusy || _toDisk.Count == 0) return;
        _isDiskBusy = true;
        var life = _life;
        _run.Clock.After(TimeSpan.FromMicroseconds(50 + _random.Next(_random.Chance(5) ? 40_000 : 1500)), () => WriteDisk(life));
    }

    private void WriteDisk(int life)
    {
        if (life != _life) return;
        if (IsStalled)
        {
            _run.Clock.After(TimeSpan.FromMilliseconds(10), () => WriteDisk(life));
            return;
        }
        var written = _toDisk.ToArray();
        _toDisk.Clear();
        try
        {
            Write(written);
        }
        catch (MachineStoppedException)
        {
            Crash();
            return;
        }
        _isDiskBusy = false;
        Do(_ => Acknowledge(written));
    }

    private void Write(Ready[] batch)
    {
        foreach (var ready in batch)
        {
            if (ready.HardState is { } state) _batch.HardStates.Add((MembershipRun.Group, state));
            if (ready.InstalledSnapshot is { } installed) _batch.Records.Add(WalRecord.Reset(MembershipRun.Group, installed.Index, installed.Term));
            if (ready.Entries.Count > 0) _batch.Records.Add(WalRecord.Append(MembershipRun.Group, ready.Entries));
        }
        if (!_batch.IsEmpty) _wal!.Write(_batch);
        _batch.Clear();
        // The log after it must be durable before anything before it is forgotten.
        if (Raft.Commit < Applied || Applied < (_checkpoint?.Index ?? LogIndex.None) + EntriesBetweenCheckpoints) return;
        _checkpoint = new MemberCheckpoint(Applied, AppliedTerm, Raft.ConfigurationAt(Applied), _hash);
        _checkpoint.Write(Disk);
        var until = Applied;
        if (until < Raft.FirstIndex || until > Raft.LastIndex) return;
        _batch.Records.Add(WalRecord.Compacted(MembershipRun.Group, until, Raft.TermAt(until)));
        _wal!.Write(_batch);
        _batch.Clear();
        Raft.Compact(until);
    }

    private void Acknowledge(Ready[] written)
    {
        foreach (var ready in written)
        {
            if (ready.Entries.Count > 0) Raft.Persisted(ready.Entries[^1].Index, ready.Entries[^1].Term, Now);
            if (ready.HardState is { } state) Raft.HardStatePersisted(state);
            Look();
            foreach (var message in ready.MessagesAfterSync) Send(message);
        }
    }

    public MemberCheckpoint? Snapshot() => IsUp && Applied > LogIndex.None && Applied <= Raft.Commit && Applied >= Raft.FirstIndex.Previous
        ? new MemberCheckpoint(Applied, AppliedTerm, Raft.ConfigurationAt(Applied), _hash) : null;

    /// <summary>The state machine is switched first, durably, then the core is told. False: it was not taken.</summary>
    public bool Install(MemberCheckpoint snapshot, ReplicaId from, Term term)
    {
        if (!IsUp || IsStalled || snapshot.Index <= Applied) return false;
        try
        {
            snapshot.Write(Disk);
        }
        catch (MachineStoppedException)
        {
            Crash();
            return false;
        }
        _run.Trace.Line(() => $"replica {Id} installs a snapshot at {snapshot.Index} of term {snapshot.Term}, {snapshot.Configuration}");
        (_checkpoint, Applied, AppliedTerm, _hash) = (snapshot, snapshot.Index, snapshot.Term, snapshot.Hash);
        _run.Book.Applied(_observed, Applied, _hash);
        Do(raft =>
        {
            raft.Step(new RaftMessage { Kind = MessageKind.InstallSnapshot, From = from, To = Id, Term = term, Index = snapshot.Index, LogTerm = snapshot.Term, Configuration = snapshot.Configuration }, Now);
            raft.Applied(LogIndex.Min(Applied, raft.Commit), Now);
        });
        return true;
    }
}
