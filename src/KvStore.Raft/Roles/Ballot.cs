using KvStore.Raft.Replication;

namespace KvStore.Raft.Roles;

/// <summary>The answers of one election, each replica counted once, in both halves of a joint configuration.</summary>
internal sealed class Ballot(Configuration configuration)
{
    private readonly Dictionary<ReplicaId, bool> _answers = [];

    /// <summary>A grant stays, whatever comes behind it. A refusal stands until the replica, asked again, grants.</summary>
    public void Record(ReplicaId replica, bool granted) => _answers[replica] = granted || HasGranted(replica);

    public bool HasGranted(ReplicaId replica) => _answers.GetValueOrDefault(replica);

    public VoteOutcome Outcome => Quorum.Joint(Of(configuration.Voters), Of(configuration.Outgoing));

    private VoteOutcome Of(IReadOnlyList<ReplicaId> voters)
    {
        int granted = 0, refused = 0;
        foreach (var voter in voters)
        {
            if (!_answers.TryGetValue(voter, out var answer)) continue;
            if (answer) granted++;
            else refused++;
        }
        return Quorum.Votes(voters.Count, granted, refused);
    }
}
