using KvStore.Linearizability.Search;

namespace KvStore.Linearizability.Tests;

public sealed class LimitsTests
{
    private const int Hard = 26;

    [Fact]
    public void Out_of_memory_is_unknown_and_never_a_pass()
    {
        var options = new CheckOptions { MemoryBytesMax = 1 << 20 };

        var result = LinearizabilityChecker.Check(History.Of([.. HardHistories.ReadOfNothing("hard", Hard)]), options);

        Assert.Equal(Verdict.Unknown, result.Verdict);
        var unresolved = Assert.Single(result.Unresolved);
        Assert.Equal(["hard"], unresolved.Keys);
        Assert.Equal(UnresolvedReason.Memory, unresolved.Reason);
        Assert.InRange(result.PeakMemoryBytes, 1 << 18, 1 << 20);
        Assert.Null(result.Violation);
        Assert.Contains("undecided: \"hard\" (the memory limit was reached)", result.ToString());
    }

    [Fact]
    public void A_hard_key_does_not_hide_an_illegal_one()
    {
        var history = History.Of([.. HardHistories.ReadOfNothing("hard", Hard), .. HardHistories.StaleRead("illegal", client: 100)]);

        var result = LinearizabilityChecker.Check(history);

        Assert.Equal(Verdict.NotLinearizable, result.Verdict);
        Assert.Equal("illegal", result.Key);
        Assert.InRange(result.Steps, 1, 50_000);
    }

    [Fact]
    public void A_key_that_runs_out_of_memory_does_not_hide_an_illegal_one_that_takes_longer()
    {
        var options = new CheckOptions { MemoryBytesMax = 4 << 20 };
        var history = History.Of([.. HardHistories.ReadOfNothing("hard", Hard), .. HardHistories.ReadOfNothing("illegal", 12, firstClient: 100)]);

        var result = LinearizabilityChecker.Check(history, options);

        Assert.Equal(Verdict.NotLinearizable, result.Verdict);
        Assert.Equal("illegal", result.Key);
        Assert.Equal("get \"illegal\" = \"never written\"", result.Operation!.Describe());
    }

    [Fact]
    public void A_hard_key_leaves_a_legal_rest_unknown()
    {
        var options = new CheckOptions { StepsMax = 200_000 };
        var legal = HardHistories.StaleRead("legal", client: 100).Take(2);

        var result = LinearizabilityChecker.Check(History.Of([.. HardHistories.ReadOfNothing("hard", Hard), .. legal]), options);

        Assert.Equal(Verdict.Unknown, result.Verdict);
        Assert.Equal(["hard"], Assert.Single(result.Unresolved).Keys);
        Assert.Equal(2, result.ComponentCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(100_000)]
    public void The_step_limit_ends_the_check_near_it_and_always_at_the_same_place(long stepsMax)
    {
        var history = History.Of([.. HardHistories.ReadOfNothing("hard", Hard)]);

        var first = LinearizabilityChecker.Check(history, new CheckOptions { StepsMax = stepsMax });
        var second = LinearizabilityChecker.Check(history, new CheckOptions { StepsMax = stepsMax });

        Assert.Equal(Verdict.Unknown, first.Verdict);
        Assert.Equal(UnresolvedReason.Steps, Assert.Single(first.Unresolved).Reason);
        Assert.InRange(first.Steps, stepsMax, stepsMax + (2 * Hard));
        Assert.Equal(first.Steps, second.Steps);
    }

    [Fact]
    public void The_time_limit_ends_the_check()
    {
        var history = History.Of([.. HardHistories.ReadOfNothing("hard", Hard)]);

        var result = LinearizabilityChecker.Check(history, new CheckOptions { TimeMax = TimeSpan.FromMilliseconds(1) });

        Assert.Equal(Verdict.Unknown, result.Verdict);
        Assert.Equal(UnresolvedReason.Time, Assert.Single(result.Unresolved).Reason);
    }

    [Fact]
    public void No_time_decides_nothing() =>
        Assert.Equal(Verdict.Unknown, LinearizabilityChecker.Check(History.Of([.. HardHistories.StaleRead("x", client: 1)]), new CheckOptions { TimeMax = TimeSpan.Zero }).Verdict);

    [Fact]
    public void A_cancelled_check_has_no_result() =>
        Assert.Throws<OperationCanceledException>(() => LinearizabilityChecker.Check(History.Of([.. HardHistories.StaleRead("x", client: 1)]), cancellation: new CancellationToken(canceled: true)));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_step_limit_also_bounds_the_explaining_and_a_cut_explanation_says_so(bool isList)
    {
        var history = History.Of([.. isList ? HardHistories.ListReadOfNothing("x", 5) : HardHistories.ReadOfNothing("x", 5)]);
        var whole = LinearizabilityChecker.Check(history);
        var stages = new List<(Verdict, bool IsCut)>();
        for (var stepsMax = 0L; stepsMax <= whole.Steps; stepsMax++)
        {
            var result = LinearizabilityChecker.Check(history, new CheckOptions { StepsMax = stepsMax });
            Assert.InRange(result.Steps, 0, stepsMax + 20);
            var stage = (result.Verdict, result.Violation?.CutShort is UnresolvedReason.Steps);
            if (stages.LastOrDefault() != stage || stages.Count == 0) stages.Add(stage);
            if (stage.Item2) Assert.Contains("was not looked for to the end: the step limit was reached", result.ToString());
            if (stage.Item2) Assert.Empty(result.Violation!.LongestPrefix);
        }

        Assert.Equal([(Verdict.Unknown, false), (Verdict.NotLinearizable, true), (Verdict.NotLinearizable, false)], stages);
        Assert.Null(whole.Violation!.CutShort);
        Assert.Equal(5, whole.Violation.LongestPrefix.Count);
    }

    [Fact]
    public void The_explaining_can_be_cancelled()
    {
        var history = History.Of([.. HardHistories.ListReadOfNothing("x", 5)]);
        var component = new ComponentCheck(history, Partition.Of(history.Operations).Single(), new MemoryBudget(1 << 20));
        Assert.Equal(SearchStatus.Exhausted, component.Run(1_000_000));
        using var cancellation = new CancellationTokenSource();
        var limits = new CheckLimits(new CheckOptions(), cancellation.Token);
        cancellation.Cancel();

        Assert.Throws<OperationCanceledException>(() => component.Explain(limits));
    }

    [Fact]
    public void Without_memory_for_the_explaining_the_verdict_stands()
    {
        var history = History.Of([.. HardHistories.ListReadOfNothing("x", 12)]);
        var budget = new MemoryBudget(1 << 20);
        var component = new ComponentCheck(history, Partition.Of(history.Operations).Single(), budget);
        Assert.Equal(SearchStatus.Exhausted, component.Run(100_000_000));
        budget.Charge((1 << 20) - budget.Held);

        var violation = component.Explain(new CheckLimits(new CheckOptions(), CancellationToken.None));

        Assert.Equal(UnresolvedReason.Memory, violation.CutShort);
        Assert.Empty(violation.LongestPrefix);
    }

    [Theory]
    [InlineData((1L << 20) - 1)]
    [InlineData((3L << 30) + 1)]
    public void A_memory_limit_out_of_range_is_refused(long bytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CheckOptions { MemoryBytesMax = bytes });
}
