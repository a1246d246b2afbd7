using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Simulation.Checks;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Tests.Checks;

public class ClientCheckTests
{
    private readonly Findings _findings = new(static () => { });

    [Theory]
    [InlineData("10-20:1 30-40:2", 0, 2, null)]
    [InlineData("10-20:1 12-40:3", 1, 3, null)]
    [InlineData("10-20:1 30-40:1", 0, 2, "both answered")]
    [InlineData("10-20:1 30-40:3", 0, 3, "was incremented to 3")]
    [InlineData("10-20:2 30-40:1", 0, 2, "saw 1")]
    [InlineData("10-20:1 30-40:2", 0, 1, "ends as 1")]
    [InlineData("10-20:1 30-40:2", 0, 3, "ends as 3")]
    public void A_counter_that_loses_or_repeats_is_found(string increments, int unknown, long final, string? expected)
    {
        var check = new CounterCheck("c", _findings);
        foreach (var each in increments.Split(' '))
        {
            var numbers = each.Split('-', ':').Select(long.Parse).ToArray();
            check.Incremented(numbers[0], numbers[1], numbers[2]);
        }
        for (var i = 0; i < unknown; i++) check.Unknown();
        check.Finish(final);
        if (expected is null) Assert.Null(_findings.First);
        else Assert.Contains(expected, _findings.First?.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ReadConsistency.Linearizable, 6, true)]
    [InlineData(ReadConsistency.Follower, 7, false)]
    [InlineData(ReadConsistency.Stale, 1, false)]
    public void A_read_below_what_was_acknowledged_is_found(ReadConsistency consistency, ulong seen, bool isFound)
    {
        var check = new FreshnessCheck(new VirtualClock(), _findings);
        check.Acknowledged(new RangeId(1), new Revision(7));
        check.Answered(new RangeId(1), check.Expect(new RangeId(1), consistency, default), new Revision(seen), consistency, new NodeId(1), "k");
        Assert.Equal(isFound, _findings.First is not null);
    }

    [Fact]
    public void Two_answers_to_one_sequence_are_found()
    {
        var check = new SessionAnswersCheck(_findings);
        var session = new SessionId(new GroupId(1), 5);
        check.Answered(session, 1, new CommandResult(CommandStatus.Ok, new Revision(3), Number: 1));
        check.Answered(session, 1, new CommandResult(CommandStatus.Ok, new Revision(3), Number: 1));
        Assert.Null(_findings.First);
        check.Answered(session, 1, new CommandResult(CommandStatus.Ok, new Revision(4), Number: 2));
        Assert.NotNull(_findings.First);
    }

    [Fact]
    public void A_group_whose_members_change_passes_and_gives_the_same_trace_twice()
    {
        var options = new SimulationOptions { Workload = "membership", Duration = TimeSpan.FromSeconds(30) };
        var (one, other) = (Simulator.Run(5, options), Simulator.Run(5, options));
        Assert.True(one.Verdict == SimulationVerdict.Passed, one.ToString());
        Assert.Equal(one.TraceHash, other.TraceHash);
    }
}
