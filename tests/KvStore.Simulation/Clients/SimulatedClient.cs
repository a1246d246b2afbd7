using System.Text;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Clients;

/// <summary>
/// One sequential client that behaves as the SDK does: it follows the leader, writes under a session, and repeats a write of unknown outcome with its first session and sequence
/// until it knows, or until its patience ends.
/// </summary>
internal sealed class SimulatedClient
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    private readonly SimulationRun _run;
    private readonly SortedDictionary<GroupId, SessionId> _sessions = [];
    private readonly SortedDictionary<GroupId, VirtualNode> _leaders = [];
    private ulong _sequence;

    /// <summary>Waits long enough for an attempt to hear what a node says that has stood still or lost leadership.</summary>
    private readonly bool _isPatient;

    public SimulatedClient(SimulationRun run, int number)
    {
        (_run, Number) = (run, number);
        Random = VirtualRandom.Stream(run.Seed, $"client {number}");
        UsesSessions = !Random.Chance(25);
        _isPatient = VirtualRandom.Stream(run.Seed, $"patience {number}").Chance(40);
        HistoryNumber = number;
    }

    public int Number { get; }
    public VirtualRandom Random { get; }
    public SimulationRun Run => _run;

    /// <summary>Without one, a write of unknown outcome is not repeated.</summary>
    public bool UsesSessions { get; }

    /// <summary>Under which number the history knows this client; a new one after each operation of unknown outcome.</summary>
    public int HistoryNumber { get; private set; }

    /// <summary>The workload is to come to an end.</summary>
    public bool IsOver => _run.IsOver;

    public long Time => _run.Cluster.Clock.Now.Nanoseconds;

    public void GoOnUnderNewNumber() => HistoryNumber = _run.NewHistoryNumber();

    public Task ThinkAsync() => _run.Cluster.DelayAsync(Random.Between(_run.ThinkTimeMin, _run.ThinkTimeMax));

    public async Task<WriteOutcome> WriteAsync(string key, Command command)
    {
        var since = _run.Cluster.Clock.Now;
        var ambiguous = false;
        if (_run.RangeOf(key) is not { } range) return new WriteOutcome(WriteKnowledge.Failed, default);
        var session = await SessionAsync(range.Group, since + Patience);
        if (UsesSessions && session.IsNone) return new WriteOutcome(WriteKnowledge.Failed, default);
        if (UsesSessions) command.Sequence = ++_sequence;
        while (true)
        {
            var reply = await TryWriteAsync(range, session, command);
            if (reply.IsAnswered)
            {
                if (reply.Answer.Status == CommandStatus.SessionExpired)
                {
                    _sessions.Remove(range.Group);
                    return new WriteOutcome(WriteKnowledge.Unknown, default);
                }
                if (reply.Answer.Status is not (CommandStatus.EpochNotMatch or CommandStatus.FenceUnregistered))
                {
                    _run.OperationAnswered();
                    return new WriteOutcome(WriteKnowledge.Done, reply.Answer);
                }
            }
            else if (reply.IsLost || reply.Error!.OutcomeUnknown) ambiguous = true;
            if (ambiguous && !UsesSessions) return new WriteOutcome(WriteKnowledge.Unknown, default);
            if (_run.IsHalted || _run.Cluster.Clock.Now > since + Patience) return new WriteOutcome(ambiguous ? WriteKnowledge.Unknown : WriteKnowledge.Failed, default);
            await BackOffAsync(range.Group, reply.Error);
        }
    }

    /// <summary>Reads as often as it takes; null when nothing answered within the client's patience.</summary>
    public async Task<ReadAnswer?> ReadAsync(string key, ReadConsistency consistency, TimeSpan maxStaleness = default)
    {
        var since = _run.Cluster.Clock.Now;
        if (_run.RangeOf(key) is not { } range) return null;
        while (true)
        {
            var node = consistency is ReadConsistency.Linearizable or ReadConsistency.Quorum ? Target(range.Group) : Random.Pick(_run.Cluster.Nodes);
            var expected = _run.Freshness.Expect(range.Id, consistency, maxStaleness);
            var reply = await _run.ClientNetwork.CallAsync<GetAnswer>(node, AttemptTime(), (at, answer) => Get(at, range, key, consistency, maxStaleness, answer));
            if (reply.IsAnswered)
            {
                _run.OperationAnswered();
                _run.Freshness.Answered(range.Id, expected, reply.Answer.Revision, consistency, node.Id, key);
                return new ReadAnswer(reply.Answer.Value is { } found ? Encoding.UTF8.GetString(found.Value.Span) : null, reply.Answer.Revision);
            }
            if (_run.IsHalted || _run.Cluster.Clock.Now > since + Patience) return null;
            await BackOffAsync(range.Group, reply.Error);
        }
    }

    /// <summary>A session of a group and the next sequence under it; none for a client without sessions, or when none could be opened in time.</summary>
    public async Task<(SessionId Session, ulong Sequence)> SequenceAsync(GroupId group)
    {
        var session = await SessionAsync(group, _run.Cluster.Clock.Now + Patience);
        return session.IsNone ? default : (session, ++_sequence);
    }

    private async Task<Reply<CommandResult>> TryWriteAsync(RangeDescriptor range, SessionId session, Command command)
    {
        var encoded = ClientBatch.Encode(range, session, command);
        var sequence = command.Sequence;
        var reply = await _run.ClientNetwork.CallAsync<CommandResult>(Target(range.Group), AttemptTime(), (node, answer) => node.Node.Propose(new ClientBatch(
            _run.Answers.Watch<CommandResult>(node, result =>
            {
                if (result.IsAnswered) _run.SessionAnswers.Answered(session, sequence, result.Answer);
                answer(result);
            }),
            what => _run.Findings.Report("answers", what))
        {
            Range = range.Id, Epoch = range.Epoch, Commands = encoded, Count = 1, Deadline = ClientBatch.DeadlineOf(node, TimeSpan.FromSeconds(1)),
            Leases = command.Put is { Lease: not 0 } put ? [new LeaseId(put.Lease)] : null,
            Fences = command.Fence is { } fence ? [new WriteFence(fence.Lock, fence.Token)] : null,
        }));
        if (reply.IsAnswered && reply.Answer.Status is CommandStatus.Ok or CommandStatus.Mismatch) _run.Freshness.Acknowledged(range.Id, reply.Answer.Revision);
        return reply;
    }

    private async void Get(VirtualNode node, RangeDescriptor range, string key, ReadConsistency consistency, TimeSpan maxStaleness, Action<Reply<GetAnswer>> answer)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(key);
            var route = new RangeRoute(range.Id, range.Epoch);
            if (!Random.Chance(30)) answer(Reply<GetAnswer>.Of(await node.Node.GetAsync(new GetQuery(route, bytes, consistency, maxStaleness, null), CancellationToken.None)));
            else answer(await GetBehindBarrierAsync(node, range, bytes, consistency, maxStaleness));
        }
        catch (NodeException refused)
        {
            answer(Reply<GetAnswer>.Refused(refused.Error));
        }
        catch (LifeEndedException)
        {
            _run.Cluster.Trace.Line(() => $"client {Number}: node {node.Id} died over a read");
        }
    }

    /// <summary>As the server's batched reads: a barrier, then the values, then the question whether the barrier still held.</summary>
    private static async Task<Reply<GetAnswer>> GetBehindBarrierAsync(VirtualNode node, RangeDescriptor range, byte[] key, ReadConsistency consistency, TimeSpan maxStaleness)
    {
        var life = node.Life;
        var barrier = await node.Node.BarrierAsync(range.Group, consistency, maxStaleness, CancellationToken.None);
        life.Yield(YieldPoint.Clock);
        if (barrier.Owned.Find(range.Id) is not { } owned || owned.Descriptor.Epoch != range.Epoch) return Reply<GetAnswer>.Refused(new NodeError(NodeErrorCode.EpochNotMatch, "not here"));
        try
        {
            var revision = owned.Store.Revision;
            var found = owned.Store.TryGet(key, null, out var value);
            if (!barrier.StillValid(life) || owned.Store.Revision != revision) return Reply<GetAnswer>.Refused(new NodeError(NodeErrorCode.Unavailable, "the lease has ended"));
            return Reply<GetAnswer>.Of(new GetAnswer(found ? value : null, revision));
        }
        catch (Exception switched) when (switched is ObjectDisposedException or SnapshotEndedException)
        {
            return Reply<GetAnswer>.Refused(new NodeError(NodeErrorCode.Unavailable, switched.Message));
        }
    }

    private async Task<SessionId> SessionAsync(GroupId group, MonotonicTime until)
    {
        if (!UsesSessions) return default;
        while (!_sessions.ContainsKey(group))
        {
            var reply = await _run.ClientNetwork.CallAsync<LogIndex>(Target(group), AttemptTime(), (node, answer) =>
                node.Node.OpenSession(group, ClientBatch.DeadlineOf(node, TimeSpan.FromSeconds(1)), (index, error) => answer(error is null ? Reply<LogIndex>.Of(index) : Reply<LogIndex>.Refused(error))));
            if (reply.IsAnswered) _sessions[group] = new SessionId(group, reply.Answer.Value);
            else if (_run.IsHalted || _run.Cluster.Clock.Now > until) return default;
            else await BackOffAsync(group, reply.Error);
        }
        return _sessions[group];
    }

    private VirtualNode Target(GroupId group)
    {
        if (!_leaders.TryGetValue(group, out var node)) _leaders[group] = node = Random.Pick(_run.Cluster.Nodes);
        return node;
    }

    private Task BackOffAsync(GroupId group, NodeError? error)
    {
        _leaders.Remove(group);
        if (error is { } named && named.LeaderNode != NodeId.None) _leaders[group] = _run.Cluster.Nodes[(int)named.LeaderNode.Value - 1];
        return _run.Cluster.DelayAsync(Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(60)));
    }

    private TimeSpan AttemptTime() => Random.Between(TimeSpan.FromMilliseconds(200), _isPatient ? TimeSpan.FromSeconds(5) : TimeSpan.FromMilliseconds(900));
}

/// <summary>What a read found: null for an absent key.</summary>
internal readonly record struct ReadAnswer(string? Value, Revision Revision);
