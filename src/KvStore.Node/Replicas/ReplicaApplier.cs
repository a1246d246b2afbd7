using System.Runtime.InteropServices;
using Google.Protobuf;
using KvStore.Node.Peer;
using KvStore.Node.Reads;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Replicas;

/// <summary>The applied state of one replica, on its apply worker: state machine and store, who waits for what to be applied, and when the next checkpoint is due.</summary>
internal sealed class ReplicaApplier(GroupReplica replica, GroupStore store, GroupStateMachine machine, ApplierServices services)
{
    private readonly List<CommandResult> _results = [];
    private readonly PriorityQueue<ReadWaiter, LogIndex> _readers = new();
    private readonly HashComparison _hashes = new(replica, services.Logger);
    private readonly Queue<ApplyJob> _held = new();
    private GroupStore _store = store;
    private GroupStateMachine _machine = machine;
    private Placement.ClusterMap? _map;
    private IReadOnlyList<Locks.PendingRemoval> _removals = [];
    private long _bytesSinceCheckpoint;
    private bool _checkpointWanted;
    private bool _detached;
    private bool _configurationApplied;

    public GroupReplica Replica { get; } = replica;

    /// <summary>The worker's mark for replicas that its turn has to end.</summary>
    public bool Touched { get; set; }

    public GroupStore Store => _store;
    public GroupStateMachine Machine => _machine;
    public string? Alarm => _hashes.Alarm;

    public void Do(ApplyJob job)
    {
        if (Replica.StoppedReason is not null && job.Kind != ApplyJobKind.Inspect)
        {
            Refuse(job, Replica.StoppedError() with { OutcomeUnknown = true });
            return;
        }
        if (_detached && job.Kind != ApplyJobKind.Attach)
        {
            _held.Enqueue(job);
            return;
        }
        try
        {
            Run(job);
        }
        catch (RecordDamagedException damage)
        {
            Stop(damage.Message);
        }
    }

    private void Run(ApplyJob job)
    {
        switch (job.Kind)
        {
            case ApplyJobKind.Apply: Apply((ApplyJob.Committed)job.Subject!); break;
            case ApplyJobKind.Read: AddReaders(job.Subject!); break;
            case ApplyJobKind.Cut: Cut(); break;
            case ApplyJobKind.Inspect: ((Action<ReplicaApplier>)job.Subject!)(this); break;
            case ApplyJobKind.Attach: ((Action<ReplicaApplier>)job.Subject!)(this); break;
            case ApplyJobKind.Hash: Compare((HashReport)job.Subject!); break;
            case ApplyJobKind.Stop: Stop((string)job.Subject!); break;
        }
    }

    /// <summary>Answers the callers of a job that is not done.</summary>
    public void Refuse(ApplyJob job, NodeError error)
    {
        if (job.Subject is ApplyJob.Committed committed)
            foreach (var waiting in committed.Waiting) waiting.Fail(error);
        if (job.Subject is ReadWaiter reader) reader.Fail(error);
        if (job.Subject is IReadOnlyList<ReadWaiter> readers)
            foreach (var each in readers) each.Fail(error);
        if (job.Kind == ApplyJobKind.Cut) services.Maintenance.Finished(null);
    }

    public void Abandon(NodeError error)
    {
        while (_held.TryDequeue(out var job)) Refuse(job, error);
        while (_readers.TryDequeue(out var reader, out _)) reader.Fail(error);
        services.LockWaits.Fail(Replica.Group, error);
    }

    /// <summary>Publishes what the turn has changed.</summary>
    public void EndTurn()
    {
        if (_detached || Replica.StoppedReason is not null) return;
        WakeReaders();
        Replica.Statistics = new ReplicaStatistics(_machine.Applied, _machine.Hash, _machine.Sessions, _hashes.Alarm);
        var applied = new LoopInput(LoopInputKind.Applied, Replica, Number: _machine.Applied.Value);
        var removals = _machine.Locks.Removals;
        if (_configurationApplied || removals != _removals) Replica.Loop.Post(applied);
        else Replica.Loop.PostWithoutWaking(applied);
        _configurationApplied = false;
        _removals = removals;
        if (_machine.Map is { } map && map != _map)
        {
            _map = map;
            services.MapApplied(map);
        }
        services.Frames.Send();
        // Behind the publishing of revisions: a watch that was not seen here sees them.
        Interlocked.MemoryBarrier();
        Replica.Watching?.Wake();
    }

    private void Apply(ApplyJob.Committed job)
    {
        var next = 0;
        foreach (var entry in job.Entries)
        {
            var waiting = next < job.Waiting.Count && job.Waiting[next].Index == entry.Index ? job.Waiting[next++] : null;
            // A snapshot that was installed meanwhile may have covered it.
            if (entry.Index <= _machine.Applied) waiting?.Fail(Replica.NotLeaderError() with { OutcomeUnknown = true });
            else Apply(entry, waiting);
        }
        if (job.ConfigurationAtEnd is { } configuration)
        {
            _machine.Configuration = configuration;
            _configurationApplied = true;
        }
        if (_bytesSinceCheckpoint >= services.Options.CheckpointLogBytes) WantCheckpoint();
    }

    private void Apply(Entry entry, AppendedProposals? waiting)
    {
        Invariant.That(entry.Index == _machine.Applied.Next, "entries are applied in order");
        _results.Clear();
        try
        {
            _machine.Apply(entry, waiting is null ? null : _results);
        }
        catch (RecordDamagedException)
        {
            waiting?.Fail(Replica.StoppedError() with { OutcomeUnknown = true });
            throw;
        }
        Replica.Applied = entry.Index;
        services.Observer?.Applied(Replica, entry, _machine.Hash);
        _bytesSinceCheckpoint += entry.Size;
        if (waiting is not null) Answer(waiting);
        if (_machine.Locks.Events is { Count: > 0 } events) services.LockWaits.Happened(Replica.Group, entry.Index, events);
        if (HashComparison.IsAgreed(entry.Index) || _machine.Compared?.Index == entry.Index) PublishHash(entry.Index);
    }

    private void Answer(AppendedProposals waiting)
    {
        var results = CollectionsMarshal.AsSpan(_results);
        var next = 0;
        foreach (var batch in waiting.Batches)
        {
            batch.Applied(results.Slice(next, batch.Count));
            next += batch.Count;
        }
        foreach (var command in waiting.GroupCommands) command.Completed(waiting.Index, results[next++], null);
        Invariant.That(next == results.Length, "every command has a result");
    }

    private void AddReaders(object subject)
    {
        if (subject is ReadWaiter one) _readers.Enqueue(one, one.Index);
        else foreach (var reader in (IReadOnlyList<ReadWaiter>)subject) _readers.Enqueue(reader, reader.Index);
    }

    private void WakeReaders()
    {
#if PLANTED
        while (_readers.TryPeek(out var reader, out var index) && (index <= _machine.Applied || Plants.Has(PlantedBug.ReadBeforeApply)))
#else
        while (_readers.TryPeek(out var reader, out var index) && index <= _machine.Applied)
#endif
        {
            _readers.Dequeue();
            if (reader.RoundBegan is { } began) Replica.RaiseFreshSince(began);
            reader.Complete();
        }
    }

    public void WantCheckpoint()
    {
        if (_checkpointWanted) return;
        _checkpointWanted = true;
        services.Maintenance.WantCheckpoint(this);
    }

    private void Cut()
    {
        _checkpointWanted = false;
        // A checkpoint never covers what is not in the local WAL. Only the reset of the log after an installed snapshot can still be under way.
        if (_machine.Applied > Replica.Durable)
        {
            services.Maintenance.Finished(null);
            return;
        }
        var (store, index) = (_store, _machine.Applied);
        _bytesSinceCheckpoint = 0;
        var begun = store.BeginCheckpoint(CaptureState().ToByteArray(), failure => services.Checkpointed(this, store, index, failure));
        Invariant.That(begun, "one checkpoint of a store runs at a time");
    }

    /// <summary>Everything but the records, as of the applied index.</summary>
    public GroupState CaptureState()
    {
        var state = _machine.CaptureState();
        state.ReplicaId = Replica.Id.Value;
        return state;
    }

    /// <summary>The state is about to be replaced: jobs are kept until <see cref="Attach"/>, readers see none.</summary>
    public void Detach()
    {
        _detached = true;
        Replica.Machine = null;
    }

    /// <summary>Goes on with another state: everything up to its applied index has been installed.</summary>
    public void Attach(GroupStore store, GroupStateMachine machine)
    {
        Invariant.That(_detached);
#if PLANTED
        if (!Plants.Has(PlantedBug.OlderSnapshotTaken))
#endif
        Invariant.That(machine.Applied >= _machine.Applied, "an installed snapshot never takes back what was applied");
        (_store, _machine, _detached) = (store, machine, false);
        _bytesSinceCheckpoint = 0;
        Replica.Machine = machine;
        Replica.Applied = machine.Applied;
        services.Observer?.Switched(Replica, machine.Applied, machine.Hash);
        services.LockWaits.Replaced(Replica.Group, machine.Applied, machine.Locks);
        var held = _held.ToArray();
        _held.Clear();
        foreach (var job in held) Do(job);
    }

    private void PublishHash(LogIndex index)
    {
        var configuration = _machine.Configuration;
        foreach (var other in configuration.Members())
            if (other != Replica.Id && services.Addresses.NodeOf(Replica.Group, other) is { } node && node != NodeId.None)
                services.Frames.To(node).Hashes.Add(HashComparison.Report(Replica, other, index, _machine.Hash));
        if (_hashes.Add(Replica.Id, index, _machine.Hash, configuration) is { } reason) Stop(reason);
    }

    private void Compare(HashReport report)
    {
        if (report.Hash.Length != sizeof(ulong)) return;
        var hash = BitConverter.ToUInt64(report.Hash.Span);
        if (_hashes.Add(new ReplicaId(report.From), new LogIndex(report.Index), hash, _machine.Configuration) is { } reason) Stop(reason);
    }

    private void Stop(string reason)
    {
        if (Replica.StoppedReason is not null) return;
        Replica.StoppedReason = reason;
        NodeLog.ReplicaStopped(services.Logger, Replica.Group, Replica.Id, reason);
        Abandon(Replica.StoppedError());
        Replica.Loop.Post(new LoopInput(LoopInputKind.StopReplica, Replica, reason));
    }
}
