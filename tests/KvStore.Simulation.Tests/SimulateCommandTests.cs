using KvStore.Simulation.CommandLine;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Tests;

public class SimulateCommandTests
{
    [Theory]
    [InlineData("--sead 1", "--sead: unknown option")]
    [InlineData("1", "'1': expected an option")]
    [InlineData("--seed", "--seed: expected a value")]
    [InlineData("--seed x", "--seed x: expected a whole number")]
    [InlineData("--seed 1 --runs 2", "--seed runs one seed")]
    [InlineData("--trace", "--trace: needs --seed")]
    [InlineData("--workload none", "--workload none: unknown; known are register, counter")]
    [InlineData("--plant stale-read", "--plant: this build has no planted bugs")]
    [InlineData("--world none", "--world none: unknown; known are cluster, changes")]
    [InlineData("--without 3-1", "--without 3-1: expected numbers and ranges")]
    public void A_wrong_command_line_is_one_clear_line(string line, string expected)
    {
        var errors = new StringWriter();
        Assert.Equal(64, SimulateCommand.Run(line.Split(' '), TextWriter.Null, errors));
        Assert.StartsWith(expected, Assert.Single(errors.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_ends_with_what_it_did()
    {
        var output = new StringWriter();
        Assert.Equal(0, SimulateCommand.Run(["--seed", "3", "--seconds", "5"], output, TextWriter.Null));
        Assert.Matches("simulated hours, 1 seeds, [0-9]+ operations .* faults", output.ToString().TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public void A_group_alone_runs_by_seed()
    {
        var output = new StringWriter();
        Assert.Equal(0, SimulateCommand.Run(["--world", "three", "--runs", "2"], output, TextWriter.Null));
        Assert.Contains("2 groups of kind three passed", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3", "3")]
    [InlineData("3,4,5,9", "3-5,9")]
    public void Numbers_are_written_as_ranges(string text, string expected) => Assert.Equal(expected, NumberRanges.Format(NumberRanges.Parse(text)!));
}
