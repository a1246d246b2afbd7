using KvStore.Simulation.Consensus;
using KvStore.Simulation.Membership;
using KvStore.Simulation.Running;
using KvStore.Simulation.Workloads;

namespace KvStore.Simulation.CommandLine;

/// <summary>The program: 0 passed, 1 wrong, 2 stuck, 64 wrong usage.</summary>
internal static class SimulateCommand
{
    private const int UsageError = 64;
    private const ulong RunsDefault = 10;
    private const string Whole = "cluster";

    private const string Help = """
        usage: simulate [--seed N [--trace | --shrink]] [--runs N] [--hours H] [--minutes M] [--from SEED]
                        [--workload NAME[,NAME]] [--seconds S] [--clients C] [--without FAULTS]
          --seed N        runs one seed; with --trace writes a readable log of all that happens
          --shrink        makes a failing seed smaller: less time, fewer faults and clients
          --runs N        runs N seeds (10)
          --hours H       runs seeds until H hours were simulated
          --minutes M     runs seeds until M minutes have passed
          --from SEED     the first of them (1)
          --workload      only these workloads; known are {0}
          --seconds S     simulated seconds under faults (150)
          --clients C     so many clients
          --without F     leaves out faults of the plan by number, such as 3,5-9
          --world W       cluster, or one Raft group alone of a kind: {1}
          --plant NAME    the cluster has that planted bug (docs/adr/0010); unknown names are answered by the list
          --plants WHICH  searches for planted bugs: all, NAME[,NAME], or pinned (at the seeds where they are known to show);
                          with --world only there, with --seconds S so long for each (120)
        exit codes: 0 passed, 1 wrong, 2 stuck, 64 wrong usage
        """;

    private static IReadOnlyList<string> WorkloadNames => [.. WorkloadList.Names, MembershipRun.Name];

    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter errors)
    {
        try
        {
            if (args is ["--help"] or ["-h"])
            {
                output.WriteLine(string.Format(System.Globalization.CultureInfo.InvariantCulture, Help, string.Join(", ", WorkloadNames), string.Join(", ", RandomFaults.Kinds.Keys)));
                return 0;
            }
            return (int)Run(new Arguments(args, ["seed", "runs", "from", "minutes", "hours", "workload", "seconds", "clients", "without", "plant", "plants", "world"], ["trace", "shrink"]), output);
        }
        catch (UsageException wrong)
        {
            errors.WriteLine(wrong.Message);
            return UsageError;
        }
    }

    private static SimulationVerdict Run(Arguments arguments, TextWriter output)
    {
#if PLANTED
        if (arguments.Text("plants") is { } names)
            return names == "pinned" ? Planting.PlantPins.Verify(output) : Planting.PlantCommand.Search(names == "all" ? Raft.Plants.All : Planting.PlantCommand.Parse(names), arguments.Number("seconds", 1, 10_000) is { } limit ? TimeSpan.FromSeconds(limit) : null, arguments.Text("world"), output);
        if (arguments.Text("plant") is { } name) Raft.Plants.Set(Planting.PlantCommand.Parse(name));
#else
        if (arguments.Has("plant") || arguments.Has("plants")) throw new UsageException("--plant: this build has no planted bugs; tools/simulate --plant builds one that has");
#endif
        if (arguments.Text("world") is { } kind && kind != Whole) return RunGroups(kind, arguments, output);
        var options = OptionsOf(arguments, output);
        var explorer = new Explorer(output);
        if (arguments.Number("seed", 0, ulong.MaxValue) is { } seed)
        {
            if (arguments.Has("runs") || arguments.Has("hours") || arguments.Has("minutes") || arguments.Has("from")) throw new UsageException("--seed runs one seed: it does not go with --runs, --from, --hours or --minutes");
            if (!arguments.Has("shrink")) return explorer.Run(seed, new Limits(1, null, null), options);
            if (options.Trace is not null) throw new UsageException("--shrink: does not go with --trace");
            return new Shrinker(seed, output).Run(options);
        }
        if (options.Trace is not null || arguments.Has("shrink")) throw new UsageException($"--{(options.Trace is null ? "shrink" : "trace")}: needs --seed");
        var runs = arguments.Number("runs", 1, 1_000_000_000);
        var time = arguments.Number("minutes", 1, 100_000) is { } minutes ? TimeSpan.FromMinutes(minutes) : (TimeSpan?)null;
        var simulated = arguments.Number("hours", 1, 1_000_000) is { } hours ? TimeSpan.FromHours(hours) : (TimeSpan?)null;
        return explorer.Run(arguments.Number("from", 0, ulong.MaxValue / 2) ?? 1, new Limits(runs ?? (time is null && simulated is null ? RunsDefault : null), time, simulated), options);
    }

    private static SimulationVerdict RunGroups(string kind, Arguments arguments, TextWriter output)
    {
        if (!RandomFaults.Kinds.ContainsKey(kind)) throw new UsageException($"--world {kind}: unknown; known are {Whole}, {string.Join(", ", RandomFaults.Kinds.Keys)}");
        var seed = arguments.Number("seed", 0, int.MaxValue / 2);
        return new GroupExplorer(output).Run(kind, seed ?? arguments.Number("from", 0, int.MaxValue / 2) ?? 1, seed is null ? arguments.Number("runs", 1, 1_000_000) ?? RunsDefault : 1);
    }

    private static SimulationOptions OptionsOf(Arguments arguments, TextWriter output)
    {
        var options = new SimulationOptions { Trace = arguments.Has("trace") ? output : null, Workload = arguments.Text("workload"), Clients = (int?)arguments.Number("clients", 1, 1000) };
        foreach (var name in options.Workload?.Split(',') ?? [])
            if (!WorkloadNames.Contains(name)) throw new UsageException($"--workload {name}: unknown; known are {string.Join(", ", WorkloadNames)}");
        if (options.Workload?.Split(',') is { Length: > 1 } several && several.Contains(MembershipRun.Name)) throw new UsageException($"--workload {options.Workload}: {MembershipRun.Name} goes alone");
        if (arguments.Number("seconds", 1, 1_000_000) is { } seconds) options = options with { Duration = TimeSpan.FromSeconds(seconds) };
        if (arguments.Text("without") is { } without)
            options = options with { WithoutFaults = NumberRanges.Parse(without) ?? throw new UsageException($"--without {without}: expected numbers and ranges, such as 3,5-9") };
        return options;
    }
}
