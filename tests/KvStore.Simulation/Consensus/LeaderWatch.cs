using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>
/// Checks over time, with generous bounds: a leader that nobody answers or whose disk stands still gives up, and a replica that hears nobody does not raise its term.
/// Time in which the process stood still does not count against it.
/// </summary>
internal sealed class LeaderWatch
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);
    private readonly Dictionary<(ReplicaId From, ReplicaId To), MonotonicTime> _heard = [];
    private readonly Dictionary<ReplicaId, State> _states = [];

    private sealed class State
    {
        public RaftNode? Node { get; set; }
        public Configuration? Configuration { get; set; }
        public Term Term { get; set; }
        public MonotonicTime LeaderSince { get; set; }
        public MonotonicTime AwakeSince { get; set; }
        public MonotonicTime DiskMovedAt { get; set; }
        public MonotonicTime HeardAnybody { get; set; }
        public int Unsynced { get; set; }
    }

    public void Delivered(RaftMessage message, MonotonicTime now)
    {
        _heard[(message.From, message.To)] = now;
        if (_states.TryGetValue(message.To, out var state)) state.HeardAnybody = now;
    }

    public void Observe(SimulatedReplica replica, MonotonicTime now, bool paused)
    {
        if (!_states.TryGetValue(replica.Id, out var state)) _states.Add(replica.Id, state = new State());
        if (!replica.IsUp || state.Node != replica.Node || paused)
        {
            (state.Node, state.Term, state.AwakeSince, state.LeaderSince, state.DiskMovedAt, state.HeardAnybody) = (replica.IsUp ? replica.Node : null, replica.Node.Term, now, now, now, now);
            return;
        }
        var node = replica.Node;
        // New members get their time to answer.
        if (node.Role != RaftRole.Leader || !ReferenceEquals(node.Configuration, state.Configuration)) (state.Configuration, state.LeaderSince) = (node.Configuration, now);
        if (replica.SyncCount != state.Unsynced || replica.UnsyncedCount == 0) (state.Unsynced, state.DiskMovedAt) = (replica.SyncCount, now);
        CheckTerm(replica, state, now);
        if (node.Role == RaftRole.Leader) CheckLeader(replica, state, now);
    }

    private static void CheckTerm(SimulatedReplica replica, State state, MonotonicTime now)
    {
        var node = replica.Node;
        var isAlone = node.Configuration.Voters.Count <= 1 && !node.Configuration.IsJoint;
        if (node.Term > state.Term)
            Check.That(isAlone || now - state.HeardAnybody <= 2 * replica.Options.ElectionTimeoutMax, $"replica {replica.Id} raised its term from {state.Term} to {node.Term} though it has heard nobody for {now - state.HeardAnybody}");
        state.Term = node.Term;
    }

    private void CheckLeader(SimulatedReplica leader, State state, MonotonicTime now)
    {
        var options = leader.Options;
        var node = leader.Node;
        if (now - state.DiskMovedAt > options.DiskStallMax + Patience)
            Check.That(false, $"replica {leader.Id} leads though its disk has stood still for {now - state.DiskMovedAt}");
        var since = state.LeaderSince;
        if (now - since <= options.ElectionTimeoutMax + Patience) return;
        var configuration = node.Configuration;
        Check.That(HearsMajority(configuration.Voters) && HearsMajority(configuration.Outgoing), $"replica {leader.Id} leads {configuration} though no majority has answered for {options.ElectionTimeoutMax + Patience}");

        bool HearsMajority(IReadOnlyList<ReplicaId> voters) =>
            voters.Count == 0 || voters.Count(voter => voter == leader.Id || (_heard.TryGetValue((voter, leader.Id), out var at) && now - at <= options.ElectionTimeoutMax + Patience)) > voters.Count / 2;
    }
}
