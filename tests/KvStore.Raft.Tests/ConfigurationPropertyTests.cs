using FsCheck;
using FsCheck.Fluent;
using KvStore.Raft.Replication;

namespace KvStore.Raft.Tests;

/// <summary>Quorum and configuration arithmetic against versions that are too slow to be wrong.</summary>
public sealed class ConfigurationPropertyTests
{
    private const int Replicas = 6;

    [Fact]
    public void Majority_value_is_the_largest_that_a_majority_reaches() =>
        Prop.ForAll<NonNegativeInt[]>(values =>
        {
            var numbers = values.Select(v => (long)v.Get).ToArray();
            var naive = numbers.Length == 0 ? long.MaxValue : numbers.Where(v => numbers.Count(w => w >= v) > numbers.Length / 2).Max();
            return naive == Quorum.MajorityReaches([.. numbers]);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_vote_is_decided_when_no_further_answer_can_change_it() =>
        Prop.ForAll<byte, byte, byte>((voters, yes, no) =>
        {
            var n = voters % 10;
            var granted = n == 0 ? 0 : yes % (n + 1);
            var refused = n - granted == 0 ? 0 : no % (n - granted + 1);
            bool Wins(int y) => n == 0 || y > n / 2;
            var expected = Wins(granted) ? VoteOutcome.Won : Wins(n - refused) ? VoteOutcome.Pending : VoteOutcome.Lost;
            return expected == Quorum.Votes(n, granted, refused);
        }).QuickCheckThrowOnFailure();

    /// <summary>The property that all safety rests on: any quorum of a configuration meets any quorum of the next one.</summary>
    [Fact]
    public void Quorums_of_neighbouring_configurations_meet() =>
        Prop.ForAll<byte[]>(choices =>
        {
            var current = new Configuration([new(1), new(2), new(3)]);
            foreach (var change in Changes(choices))
            {
                if (!current.TryApply(change, out var next, out _)) continue;
                if (!AllQuorumsMeet(current, next)) return false;
                if (next.Voters.Any(next.IsLearner) || next.Outgoing.Any(next.IsLearner) || next.Voters.Count == 0) return false;
                current = next;
            }
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Encoding_round_trips() =>
        Prop.ForAll<byte[]>(choices =>
        {
            var current = new Configuration([new(1), new(2), new(3)]);
            foreach (var change in Changes(choices))
                if (current.TryApply(change, out var next, out _)) current = next;
            return current.Equals(Configuration.Decode(current.Encode()));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Encoding_is_frozen() => Assert.Equal(
        "0101" + "0100" + "0300000000000000" + "0100" + "0100000000000000" + "0100" + "0900000000000000" + "0100" + "0100000000000000",
        Convert.ToHexString(new Configuration([new(3)], [new(1)], [new(9)], [new(1)], autoLeave: true).Encode()));

    [Fact]
    public void Damaged_encodings_are_refused()
    {
        var bytes = new Configuration([new(1), new(2)], learners: [new(3)]).Encode();
        for (var length = 0; length < bytes.Length; length++) Assert.Throws<FormatException>(() => Configuration.Decode(bytes.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => Configuration.Decode([.. bytes, 0]));
        Assert.Throws<FormatException>(() => Configuration.Decode([2, .. bytes[1..]]));
        Assert.Throws<FormatException>(() => Configuration.Decode([1, 0x80, .. bytes[2..]]));
    }

    private static IEnumerable<ConfigurationChange> Changes(byte[] choices)
    {
        for (var i = 0; i + 3 < choices.Length; i += 4)
        {
            if (choices[i] % 4 == 0)
            {
                yield return ConfigurationChange.Leave;
                continue;
            }
            var steps = Enumerable.Range(1, choices[i] % 3 + 1).Select(k => new ConfigurationChange.Step((ConfigurationChange.StepKind)(choices[i + k] / Replicas % 3 + 1), new ReplicaId((ulong)(choices[i + k] % Replicas + 1)))).ToList();
            yield return new ConfigurationChange(steps, (ConfigurationTransition)(choices[i] / 4 % 3 + 1));
        }
    }

    private static bool AllQuorumsMeet(Configuration a, Configuration b)
    {
        var quorumsOfB = Enumerable.Range(0, 1 << Replicas).Where(s => IsQuorum(b, s)).ToList();
        return Enumerable.Range(0, 1 << Replicas).Where(s => IsQuorum(a, s)).All(s => quorumsOfB.All(t => (s & t) != 0));
    }

    private static bool IsQuorum(Configuration configuration, int set)
    {
        bool Majority(IReadOnlyList<ReplicaId> voters) => voters.Count == 0 || voters.Count(v => (set >> ((int)v.Value - 1) & 1) == 1) > voters.Count / 2;
        return Majority(configuration.Voters) && Majority(configuration.Outgoing);
    }
}
