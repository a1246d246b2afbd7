namespace KvStore.Simulation.Tests;

public class SimulatorTests
{
    private static readonly SimulationOptions Short = new() { Duration = TimeSpan.FromSeconds(10) };

    [Fact]
    public void A_seed_gives_the_same_trace_twice()
    {
        var (one, other) = (Simulator.Run(7, Short), Simulator.Run(7, Short));
        Assert.Equal((SimulationVerdict.Passed, one.TraceHash), (other.Verdict, other.TraceHash));
        Assert.NotEqual(one.TraceHash, Simulator.Run(8, Short).TraceHash);
    }

    [Fact]
    public void A_run_counts_what_it_did()
    {
        var outcome = Simulator.Run(9, Short);
        Assert.True(outcome.Operations > 100, outcome.ToString());
        Assert.InRange(outcome.Faults, 1, outcome.FaultsPlanned);
        Assert.True(outcome.Simulated > Short.Duration);
    }

    [Fact]
    public void A_trace_can_be_read()
    {
        var trace = new StringWriter();
        Simulator.Run(7, Short with { Trace = trace });
        Assert.Contains("fault 0", trace.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Watches_tell_what_was_committed_under_faults()
    {
        var outcome = Simulator.Run(3, Short with { Workload = "watch" });
        Assert.Equal(SimulationVerdict.Passed, outcome.Verdict);
        Assert.True(outcome.Operations > 1000, outcome.ToString());
    }

    [Fact]
    public void Elections_have_one_leader_at_a_time_under_faults()
    {
        var outcome = Simulator.Run(3, Short with { Workload = "election" });
        Assert.True(outcome.Verdict == SimulationVerdict.Passed, outcome.ToString());
        Assert.True(outcome.Counts["campaigns won"] > 10 && outcome.Counts["proclamations"] > 10, outcome.ToString());
    }
}
