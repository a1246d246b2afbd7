using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>All workloads. A new one is a file and a line here.</summary>
internal static class WorkloadList
{
    /// <summary>Which runs that name no workload have it.</summary>
    private enum Runs { Usual, Transactions, Elections, WhenNamed }

    /// <summary>Of so many seeds one has transactions, one elections, and the others the rest: with all of them in every run each would have a client or two. No planted bug is pinned at such a seed.</summary>
    private const ulong SeedsInTurn = 32, TransactionsAt = 12, ElectionsAt = 28;

    private static readonly (string Name, Func<SimulationRun, IWorkload> Make, Runs Runs)[] All =
    [
        ("register", run => new RegisterWorkload(run), Runs.Usual),
        ("counter", run => new CounterWorkload(run), Runs.Usual),
        ("bank", run => new BankWorkload(run), Runs.Transactions),
        ("append", run => new AppendWorkload(run), Runs.Transactions),
        ("lock", run => new LockWorkload(run, Fencing.On), Runs.Usual),
        ("lock-without-fencing", run => new LockWorkload(run, Fencing.Off), Runs.WhenNamed),
        ("election", run => new ElectionWorkload(run), Runs.Elections),
        ("watch", run => new WatchWorkload(run), Runs.WhenNamed),
        ("lease", run => new LeaseWorkload(run), Runs.Usual),
        ("lease-deadlines", run => new LeaseDeadlines(run), Runs.WhenNamed),
        ("sessions", run => new AbandonedSessions(run), Runs.Usual),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. All.Select(each => each.Name)];

    /// <summary>Some workloads by name, or those of the seed, which the clients share.</summary>
    public static IReadOnlyList<IWorkload> Make(SimulationRun run, string? names)
    {
        var ofSeed = (run.Seed % SeedsInTurn) switch { TransactionsAt => Runs.Transactions, ElectionsAt => Runs.Elections, _ => Runs.Usual };
        return [.. All.Where(each => names is null ? each.Runs == ofSeed : names.Split(',').Contains(each.Name)).Select(each => each.Make(run))];
    }
}
