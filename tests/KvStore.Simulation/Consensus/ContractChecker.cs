using KvStore.Raft;

namespace KvStore.Simulation.Consensus;

/// <summary>
/// What each replica promises at every moment, checked from outside: no message leaves that speaks for something which is not durable, no leader without its votes, nothing committed without
/// its quorum, one configuration at each index, no leader that is cut off or whose disk stands still, limits that hold.
/// </summary>
internal sealed class ContractChecker(IReadOnlyDictionary<ReplicaId, SimulatedReplica> replicas)
{
    private readonly Dictionary<(Term Term, ReplicaId Voter), ReplicaId> _votes = [];
    private readonly Dictionary<LogIndex, Configuration> _configurations = [];
    private readonly Dictionary<ReplicaId, (Term Term, LogIndex Commit)> _commits = [];
    private readonly HashSet<Term> _elections = [];
    private readonly Dictionary<(ReplicaId From, ReplicaId To), long> _unansweredBytes = [];

    public void Sent(SimulatedReplica from, RaftMessage message, MonotonicTime now)
    {
        var bytes = message.Entries.Sum(entry => (long)entry.Size);
        switch (message.Kind)
        {
            case MessageKind.RequestVoteResponse when !message.Reject:
                Check.That(from.DurableState.Term > message.Term || from.DurableState == new HardState(message.Term, message.To), $"replica {from.Id} votes for {message.To} in term {message.Term}, durable is {from.DurableState}");
                Vote(message.Term, from.Id, message.To);
                break;
            case MessageKind.RequestPreVoteResponse when !message.Reject:
                Check.That(now >= from.StartedAt + from.Options.ElectionTimeoutMin, $"replica {from.Id} grants a pre-vote {now - from.StartedAt} after its start: it may have promised a leader not to");
                break;
            case MessageKind.AppendEntriesResponse when !message.Reject:
                Check.That(from.Disk.Last >= message.Index, $"replica {from.Id} acknowledges entry {message.Index}, its durable log ends at {from.Disk.Last}");
                break;
            case MessageKind.AppendEntries when bytes > 0:
                var unanswered = _unansweredBytes.GetValueOrDefault((from.Id, message.To)) + bytes;
                _unansweredBytes[(from.Id, message.To)] = unanswered;
                var limit = from.Options.InFlightBytesMax + (2 * LargestMessage(from.Options));
                Check.That(unanswered <= limit, $"replica {from.Id} sent {unanswered} bytes to {message.To} without an answer, more than {limit}");
                break;
        }
    }

    public void Delivered(RaftMessage message) => _unansweredBytes.Remove((message.To, message.From));

    public void Lost(ReplicaId replica)
    {
        _commits.Remove(replica);
        foreach (var link in _unansweredBytes.Keys.Where(link => link.From == replica).ToList()) _unansweredBytes.Remove(link);
    }

    public void Observe(SimulatedReplica replica)
    {
        var node = replica.Node;
        var commit = node.Commit;
        var known = _commits.GetValueOrDefault(replica.Id);
        if (known == (node.Term, commit)) return;
        _commits[replica.Id] = (node.Term, commit);
        ObserveConfiguration(replica, commit);
        if (node.Role != RaftRole.Leader) return;
        if (_elections.Add(node.Term)) ObserveElection(replica);
        else if (known.Term == node.Term && commit > known.Commit) ObserveCommit(replica, commit);
    }

    private void Vote(Term term, ReplicaId voter, ReplicaId candidate)
    {
        if (!_votes.TryAdd((term, voter), candidate)) Check.That(_votes[(term, voter)] == candidate, $"replica {voter} votes for {_votes[(term, voter)]} and {candidate} in term {term}");
    }

    private void ObserveElection(SimulatedReplica leader)
    {
        var term = leader.Node.Term;
        Vote(term, leader.Id, leader.Id);
        var configuration = leader.Node.Configuration;
        Check.That(Majority(configuration.Voters, HasVoted) && Majority(configuration.Outgoing, HasVoted), $"replica {leader.Id} leads term {term} of {configuration} without a majority of votes of that term");

        bool HasVoted(ReplicaId voter) => _votes.TryGetValue((term, voter), out var candidate) && candidate == leader.Id;
    }

    private void ObserveCommit(SimulatedReplica leader, LogIndex commit)
    {
        var node = leader.Node;
        var term = node.TermAt(commit);
        Check.That(term == node.Term, $"leader {leader.Id} of term {node.Term} commits up to entry {commit} of term {term}");
        var then = node.ConfigurationAt(commit);
        Check.That(HoldsQuorum(then) || HoldsQuorum(node.Configuration), $"leader {leader.Id} commits entry {commit} of term {term}, which no quorum of {then} durably holds");

        bool HoldsQuorum(Configuration configuration) => Majority(configuration.Voters, Holds) && Majority(configuration.Outgoing, Holds);
        bool Holds(ReplicaId id) => replicas[id].Disk is { } disk && (disk.Start >= commit || disk.TermAt(commit) == term);
    }

    private void ObserveConfiguration(SimulatedReplica replica, LogIndex commit)
    {
        var node = replica.Node;
        if (commit < node.FirstIndex.Previous || commit == LogIndex.None) return;
        var configuration = node.ConfigurationAt(commit);
        // A replica that joins knows no members before the first change in its log or its first snapshot.
        if (configuration.Equals(Configuration.Empty) && !replica.HasInstalledSnapshot) return;
        if (!_configurations.TryAdd(commit, configuration)) Check.That(_configurations[commit].Equals(configuration), $"the configuration at entry {commit} is {configuration} on one replica and {_configurations[commit]} on another");
    }

    private static bool Majority(IReadOnlyList<ReplicaId> voters, Func<ReplicaId, bool> holds) => voters.Count == 0 || voters.Count(holds) > voters.Count / 2;

    private static long LargestMessage(RaftOptions options) => Math.Max(options.AppendMessageBytesMax, 200);
}
