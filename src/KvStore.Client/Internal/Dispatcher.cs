using KvStore.Client.Internal.Operations;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Sessions;
using KvStore.Client.Internal.Transport;
using KvStore.Client.Internal.Wire;
using KvStore.Protocol.V1;
using Microsoft.Extensions.Logging;

namespace KvStore.Client.Internal;

/// <summary>Decides where each attempt of an operation goes and what follows from its failure. Thread-safe.</summary>
internal sealed class Dispatcher
{
    public static readonly Failure Disposed = new(ErrorCode.Unavailable, "the client was disposed");

    /// <summary>So often is an operation sent to a better place at once when a node says that it is not the right one; after that with pauses.</summary>
    private const int ImmediateRetriesMax = 2;

    /// <summary>While operations wait for a leader, the nodes are asked this often who it is: an operation's own pauses grow longer than an election needs.</summary>
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly SessionDirectory _sessions = new();
    private readonly RetryQueue _retries = new();
    private readonly SessionOpener _opener;
    private readonly Pulse _pulse;
    private readonly int _replicaChoice = Random.Shared.Next(1024);
    private readonly long _askAgainTicks;
    private readonly List<Operation> _swept = [];
    private volatile bool _disposed;

    public Dispatcher(ConnectionTable connections, TopologySource topology, KvClientOptions options, Backoff backoff, ILogger log)
    {
        _time = options.TimeProvider;
        _backoff = backoff;
        Connections = connections;
        Topology = topology;
        Log = log;
        _askAgainTicks = backoff.ToTicks(AskAgain);
        AttemptTicks = backoff.ToTicks(options.AttemptTimeout);
        UnaryAttemptMilliseconds = (uint)Math.Max(1, options.AttemptTimeout.TotalMilliseconds * 3);
        _opener = new SessionOpener(this, _sessions);
        _pulse = new Pulse(_time, Sweep);
        topology.Refreshed = OnRefreshed;
        topology.LeaderChanged = _retries.HurryAll;
    }

    public ConnectionTable Connections { get; }

    public TopologySource Topology { get; }

    public ILogger Log { get; }

    public CompletionQueue Completions { get; } = new();

    /// <summary>Timestamp ticks of silence after which an operation may be sent elsewhere.</summary>
    public long AttemptTicks { get; }

    public uint UnaryAttemptMilliseconds { get; }

    public long Now => _time.GetTimestamp();

    public long DeadlineAfter(TimeSpan timeout) => Now + _backoff.ToTicks(timeout);

    public uint MillisecondsUntil(long deadline, long now) => (uint)Math.Clamp((deadline - now) * 1000 / _time.TimestampFrequency, 1, uint.MaxValue);

    public TimeSpan Pause(int attempts) => _backoff.After(attempts);

    /// <summary>Takes over the engine's hold of a new operation.</summary>
    public void Submit(Operation operation)
    {
        Dispatch(operation);
        _pulse.Beat();
    }

    public void Answered(Operation operation, ReadOnlySpan<byte> answer)
    {
        if (!operation.TryClaim())
        {
            operation.LetGo();
            return;
        }
        try
        {
            OperationWire.ReadAnswer(operation, answer);
        }
        catch (FormatException e)
        {
            operation.Error = new KvInternalException(e.Message, operation.IsWrite ? KvOutcome.Unknown : KvOutcome.NotApplied, e);
        }
        Completions.Add(operation);
    }

    public void Answered<T>(Operation operation, T answer, Action<Operation, T> take)
    {
        if (!operation.TryClaim())
        {
            operation.LetGo();
            return;
        }
        take(operation, answer);
        Completions.Add(operation);
    }

    public void Expire(Operation operation, ExpiredWhile phase) => Finish(operation, phase, static (o, p) => FailureTranslation.Expired(o, p));

    /// <summary>Whether an operation would go to another node by what is known now.</summary>
    public bool BelongsElsewhere(Operation operation, NodeConnection connection)
    {
        _ = Topology.RefreshAsync();
        return Locate(operation, operation.Attempts + 1) is { } place && !ReferenceEquals(place.Connection, connection);
    }

    /// <summary>An attempt failed. Takes over the engine's hold.</summary>
    public void OnFailure(Operation operation, Failure failure)
    {
        operation.MayBeApplied |= failure.OutcomeUnknown && operation.IsWrite;
        operation.LastFailure = failure;
        if (operation.IsClaimed)
        {
            operation.LetGo();
            return;
        }
        switch (failure.Code)
        {
            case ErrorCode.EpochNotMatch or ErrorCode.NotLeader when !failure.Denied:
                Learn(operation, failure);
                Retry(operation, operation.Attempts < ImmediateRetriesMax && (failure.Range is not null || failure.LeaderNode != 0) ? TimeSpan.Zero : Pause(operation.Attempts));
                break;
            case ErrorCode.Unavailable or ErrorCode.DeadlineExceeded when !_disposed:
                _ = Topology.RefreshAsync();
                Retry(operation, Pause(operation.Attempts));
                break;
            case ErrorCode.ResourceExhausted:
                var pause = Pause(operation.Attempts);
                Retry(operation, failure.RetryAfter > pause ? failure.RetryAfter : pause);
                break;
            case ErrorCode.SessionExpired when operation.Session is { } session:
                if (_sessions.Forget(session)) Internal.Log.SessionExpired(Log, session.Group, session.Index);
                if (operation.MayBeApplied)
                {
                    Fail(operation, failure with { OutcomeUnknown = true });
                    break;
                }
                operation.DropSession();
                Retry(operation, operation.Attempts < ImmediateRetriesMax ? TimeSpan.Zero : Pause(operation.Attempts));
                break;
            default:
                Fail(operation, failure);
                break;
        }
    }

    /// <summary>Where to send a request for a range: its leader, or any replica for reads that allow it. 0: not known.</summary>
    public ulong NodeFor(RangeRoute route, ReplicaChoice choice, int attempt) =>
        choice == ReplicaChoice.Any && route.Group.Replicas is { Length: > 0 } replicas ? replicas[(_replicaChoice + attempt) % replicas.Length] : route.Group.Leader;

    /// <summary>Null: the cluster map does not name the node.</summary>
    public NodeConnection? ConnectionTo(ulong node) => node != 0 && Topology.AddressOf(node) is { } address ? Connections.To(address) : null;

    public void Close()
    {
        _disposed = true;
        _pulse.Dispose();
        foreach (var connection in Connections.Made) connection.Close();
        var left = new List<Operation>();
        _sessions.TakeExpired(long.MaxValue, left);
        _retries.TakeExpired(long.MaxValue, left);
        foreach (var operation in left) Fail(operation, Disposed);
        Completions.DrainElsewhere();
    }

    public void Dispatch(Operation operation)
    {
        if (operation.Sequence != 0 || !operation.IsWrite || _disposed)
        {
            Send(operation);
            return;
        }
        if (Topology.Current.Find(operation.Keyspace, operation.Key.Span) is not { } route)
        {
            WaitForMap(operation);
            return;
        }
        switch (_sessions.Assign(operation, route.Group.GroupId))
        {
            case SessionLookup.Assigned: Send(operation); break;
            case SessionLookup.WaitsForCaller: _opener.Open(route, operation.Keyspace, operation.Key); break;
        }
    }

    private void Send(Operation operation)
    {
        if (_disposed)
        {
            Fail(operation, Disposed);
            return;
        }
        if (Locate(operation, operation.Attempts) is not { } place)
        {
            WaitForMap(operation);
            return;
        }
        if (place.Connection.Resting is { } failure)
        {
            OnFailure(operation, failure with { OutcomeUnknown = false });
            return;
        }
        operation.Route = place.Route;
        operation.Node = place.Node;
        place.Connection.Sender.Enqueue(operation);
    }

    private Place? Locate(Operation operation, int attempt)
    {
        if (Topology.Current.Find(operation.Keyspace, operation.Key.Span) is not { } route) return null;
        var node = NodeFor(route, operation.FromAnyReplica ? ReplicaChoice.Any : ReplicaChoice.Leader, attempt);
        return ConnectionTo(node) is { } connection ? new Place(route, node, connection) : null;
    }

    private void WaitForMap(Operation operation)
    {
        var topology = Topology.Current;
        if (topology.ClusterId.Length > 0 && !topology.HasKeyspace(operation.Keyspace) && operation.Attempts > 0)
        {
            Fail(operation, new Failure(ErrorCode.NotFound, $"there is no keyspace '{operation.Keyspace}'"));
            return;
        }
        operation.LastFailure ??= new Failure(ErrorCode.Unavailable, "the range's leader is not known");
        operation.Attempts++;
        _retries.AddUntilMap(operation);
        _ = Topology.RefreshAsync();
    }

    private void Learn(Operation operation, Failure failure)
    {
        if (failure.Range is { } range) Topology.Learn(range);
        if (failure.Code == ErrorCode.EpochNotMatch && (failure.Range is null || operation.Attempts > 0)) _ = Topology.RefreshAsync();
        if (failure.Code != ErrorCode.NotLeader || operation.Route is not { } route) return;
        var hint = Topology.AddressOf(failure.LeaderNode) is null ? 0 : failure.LeaderNode;
        if (!operation.FromAnyReplica) route.Group.Deny(operation.Node, hint);
        if (hint == 0) _ = Topology.RefreshAsync();
    }

    private void Retry(Operation operation, TimeSpan pause)
    {
        operation.Attempts++;
        if (Log.IsEnabled(LogLevel.Debug)) Internal.Log.Retrying(Log, operation.Attempts, operation.LastFailure!.Message);
        if (pause <= TimeSpan.Zero) Dispatch(operation);
        else _retries.Add(operation, Now + _backoff.ToTicks(pause));
        _pulse.Beat();
    }

    private void OnRefreshed(Failure? failure)
    {
        foreach (var operation in _retries.TakeWaitingForMap())
        {
            if (failure is null && Locate(operation, operation.Attempts) is not null)
            {
                Dispatch(operation);
                continue;
            }
            operation.LastFailure = failure ?? operation.LastFailure;
            Retry(operation, Pause(operation.Attempts));
        }
        Completions.Drain();
    }

    private void Fail(Operation operation, Failure failure) => Finish(operation, failure, static (o, f) => FailureTranslation.ToException(o, f));

    private void Finish<T>(Operation operation, T cause, Func<Operation, T, Exception> toException)
    {
        if (!operation.TryClaim())
        {
            operation.LetGo();
            return;
        }
        operation.Error = toException(operation, cause);
        Completions.Add(operation);
    }

    /// <summary>Deadlines, due retries, and whatever stands still. Called by the pulse, one at a time.</summary>
    private bool Sweep()
    {
        var now = Now;
        var pending = false;
        foreach (var connection in Connections.Made) pending |= connection.Sender.Sweep(now);
        pending |= _sessions.TakeExpired(now, _swept);
        pending |= _retries.TakeExpired(now, _swept);
        foreach (var operation in _swept) Expire(operation, ExpiredWhile.Waiting);
        _swept.Clear();
        _retries.TakeDue(now, _swept);
        foreach (var operation in _swept) Dispatch(operation);
        _swept.Clear();
        if (now - Topology.RefreshedAt >= _askAgainTicks && _retries.AwaitsLeader) _ = Topology.RefreshAsync();
        Completions.DrainIfStuck();
        return pending || !Completions.IsEmpty;
    }

    private readonly record struct Place(RangeRoute Route, ulong Node, NodeConnection Connection);
}

internal enum ReplicaChoice
{
    Leader,
    Any,
}
