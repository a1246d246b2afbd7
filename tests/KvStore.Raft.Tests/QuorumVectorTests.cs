using System.Globalization;
using KvStore.Raft.Replication;

namespace KvStore.Raft.Tests;

/// <summary>etcd's vectors for quorums.</summary>
public sealed class QuorumVectorTests
{
    [Fact]
    public void Committed_index_of_majorities()
    {
        foreach (var test in VectorFile.Read("quorum/majority_commit.txt"))
        {
            var voters = test.Argument("cfg") ?? [];
            var indexes = Assign(test.Argument("idx") ?? [], voters, []);
            var values = voters.Select(v => indexes.TryGetValue(v, out var i) ? long.Parse(i, CultureInfo.InvariantCulture) : 0).ToArray();
            var expected = test.Expected[^1].EndsWith('∞') ? long.MaxValue : long.Parse(test.Expected[^1], CultureInfo.InvariantCulture);
            Assert.True(expected == Quorum.MajorityReaches(values), test.Where);
        }
    }

    [Theory]
    [InlineData("quorum/majority_vote.txt")]
    [InlineData("quorum/joint_vote.txt")]
    public void Vote_results(string file)
    {
        foreach (var test in VectorFile.Read(file))
        {
            string[] incoming = test.Argument("cfg") ?? [], outgoing = test.Argument("cfgj") ?? [];
            var votes = Assign(test.Argument("votes") ?? [], incoming, outgoing);
            var result = Quorum.Joint(Count(incoming, votes), Count(outgoing, votes));
            Assert.True(test.Expected[^1] == "Vote" + result, test.Where);
        }
    }

    private static VoteOutcome Count(string[] voters, Dictionary<string, string> votes) =>
        Quorum.Votes(voters.Length, voters.Count(v => votes.GetValueOrDefault(v) == "y"), voters.Count(v => votes.GetValueOrDefault(v) == "n"));

    /// <summary>Values belong to the voters in order, each named once; _ is none.</summary>
    private static Dictionary<string, string> Assign(string[] values, string[] incoming, string[] outgoing) =>
        incoming.Concat(outgoing).Distinct().Zip(values).Where(p => p.Second != "_").ToDictionary(p => p.First, p => p.Second);
}
