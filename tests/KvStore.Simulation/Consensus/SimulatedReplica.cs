using System.Text;
using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>A host of one <see cref="RaftNode"/> whose disk writes are queued until the test lets them happen.</summary>
internal sealed class SimulatedReplica
{
    private readonly Queue<Ready> _unsynced = new();
    private readonly RaftOptions _options;
    private HardState _durableState;
    private Configuration _snapshotConfiguration;

    public SimulatedReplica(RaftOptions options, Configuration initial, MonotonicTime now)
    {
        _options = options;
        _snapshotConfiguration = initial;
        Node = Create(now);
    }

    public ReplicaId Id => _options.Self;
    public RaftNode Node { get; private set; }
    public bool IsUp { get; private set; } = true;
    /// <summary>By its own clock.</summary>
    public MonotonicTime StartedAt { get; private set; }
    public MemoryLog Disk { get; } = new();
    public HardState DurableState => _durableState;

    /// <summary>Everything that was ever applied here, in order, over restarts (the log up to the last applied entry).</summary>
    public List<Entry> Applied { get; } = [];
    public LogIndex AppliedIndex { get; private set; }
    public List<ReadState> ReadStates { get; } = [];
    public List<ReplicaId> SnapshotsToSend { get; } = [];
    public int UnsyncedCount => _unsynced.Count;
    public int SyncCount { get; private set; }
    public bool HasInstalledSnapshot { get; private set; }
    public RaftOptions Options => _options;

    /// <summary>Takes a Ready: what may leave at once leaves, the rest waits for <see cref="Sync"/>.</summary>
    public Ready Take(Action<RaftMessage> send, MonotonicTime now)
    {
        var ready = Node.TakeReady();
        foreach (var message in ready.Messages) send(message);
        ReadStates.AddRange(ready.ReadStates);
        SnapshotsToSend.AddRange(ready.SnapshotsToSend);
        if (ready.HardState is not null || ready.Entries.Count > 0 || ready.MessagesAfterSync.Count > 0 || ready.InstalledSnapshot is not null) _unsynced.Enqueue(ready);
        foreach (var entry in ready.Committed)
        {
            Check.That(AppliedIndexBefore(ready) + 1 == entry.Index.Value, $"replica {Id} applies entry {entry.Index} after {AppliedIndex}");
            Check.That(Disk.TermAt(entry.Index) == entry.Term, $"replica {Id} applies {entry} before it is durable");
            Applied.Add(entry);
            AppliedIndex = entry.Index;
        }
        if (ready.Committed.Count > 0) Node.Applied(AppliedIndex, now);
        return ready;
    }

    private ulong AppliedIndexBefore(Ready ready) =>
        ready.InstalledSnapshot is { } snapshot && snapshot.Index > AppliedIndex ? snapshot.Index.Value : AppliedIndex.Value;

    /// <summary>Makes the oldest batch durable and sends what waited for that. False when there is none.</summary>
    public bool Sync(Action<RaftMessage> send, MonotonicTime now)
    {
        if (!_unsynced.TryDequeue(out var ready)) return false;
        SyncCount++;
        if (ready.HardState is { } state) _durableState = state;
        if (ready.InstalledSnapshot is { } snapshot)
        {
            Disk.Reset(snapshot.Index, snapshot.Term);
            HasInstalledSnapshot = true;
            _snapshotConfiguration = snapshot.Configuration;
            if (snapshot.Index > AppliedIndex) AppliedIndex = snapshot.Index;
        }
        Disk.Write(ready.Entries);
        foreach (var message in ready.MessagesAfterSync) send(message);
        if (ready.HardState is { } written) Node.HardStatePersisted(written);
        if (ready.Entries.Count > 0) Node.Persisted(ready.Entries[^1].Index, ready.Entries[^1].Term, now);
        return true;
    }

    /// <summary>Loses what is not synced and what is not applied from a durable log.</summary>
    public void Crash()
    {
        _unsynced.Clear();
        IsUp = false;
    }

    public void Restart(MonotonicTime now)
    {
        IsUp = true;
        AppliedIndex = Disk.Start;
        Node = Create(now);
    }

    /// <summary>Starts over with a given durable state.</summary>
    public void Boot(HardState state, IReadOnlyList<Entry> entries, MonotonicTime now)
    {
        Crash();
        _durableState = state;
        Disk.Write(entries);
        Restart(now);
    }

    public void Compact(LogIndex index)
    {
        if (index <= Disk.Start) return;
        _snapshotConfiguration = Node.ConfigurationAt(index);
        Node.Compact(index);
        Disk.Compact(index);
    }

    /// <summary>What the host of the leader streams: everything applied here.</summary>
    public RaftMessage SnapshotFor(ReplicaId to) => new()
    {
        Kind = MessageKind.InstallSnapshot,
        From = Id,
        To = to,
        Term = Node.Term,
        Index = AppliedIndex,
        LogTerm = Node.TermAt(AppliedIndex),
        Configuration = Node.ConfigurationAt(AppliedIndex),
    };

    public string Describe()
    {
        var line = new StringBuilder();
        line.Append($"{Id}: {Node.Role} term={Node.Term} leader={Node.Leader} commit={Node.Commit} last={Node.LastIndex}");
        if (Node.FirstIndex.Value > 1) line.Append($" first={Node.FirstIndex}");
        return line.ToString();
    }

    private RaftNode Create(MonotonicTime now)
    {
        StartedAt = now;
        return new RaftNode(_options, new RaftStart
        {
            HardState = _durableState,
            SnapshotIndex = Disk.Start,
            SnapshotTerm = Disk.StartTerm,
            Configuration = _snapshotConfiguration,
            Applied = Disk.Start,
            Entries = [.. Disk.Entries],
            Log = Disk,
        }, now);
    }
}
