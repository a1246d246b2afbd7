namespace KvStore.Raft.Replication;

/// <summary>Majority arithmetic. A joint configuration decides by the lower of both halves; an empty half decides nothing.</summary>
internal static class Quorum
{
    /// <summary>The largest value that a majority reaches; the greatest possible one when there are no voters. Sorts <paramref name="values"/>.</summary>
    public static long MajorityReaches(Span<long> values)
    {
        if (values.Length == 0) return long.MaxValue;
        for (var i = 1; i < values.Length; i++)
            for (var j = i; j > 0 && values[j - 1] < values[j]; j--)
                (values[j - 1], values[j]) = (values[j], values[j - 1]);
        return values[values.Length / 2];
    }

    /// <summary>The outcome among <paramref name="voters"/> voters of whom <paramref name="granted"/> said yes and <paramref name="refused"/> no.</summary>
    public static VoteOutcome Votes(int voters, int granted, int refused)
    {
        if (voters == 0) return VoteOutcome.Won;
        var majority = voters / 2 + 1;
        if (granted >= majority) return VoteOutcome.Won;
        return voters - refused < majority ? VoteOutcome.Lost : VoteOutcome.Pending;
    }

    public static VoteOutcome Joint(VoteOutcome a, VoteOutcome b)
    {
        if (a == b) return a;
        return a == VoteOutcome.Lost || b == VoteOutcome.Lost ? VoteOutcome.Lost : VoteOutcome.Pending;
    }
}

internal enum VoteOutcome { Pending, Won, Lost }
