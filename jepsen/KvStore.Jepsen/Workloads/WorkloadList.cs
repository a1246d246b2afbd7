namespace KvStore.Jepsen.Workloads;

/// <summary>One kind of load.</summary>
/// <param name="Name">As the command line names it.</param>
/// <param name="Summary">One line for people.</param>
/// <param name="Begin">Makes the load of one run.</param>
/// <param name="Judge">Decides about a history that it recorded: from a file, so that an old history can be judged again.</param>
internal sealed record WorkloadKind(string Name, string Summary, Func<IWorkload> Begin, Func<string, CancellationToken, Judgement> Judge);

/// <summary>All workloads.</summary>
internal static class WorkloadList
{
    public static IReadOnlyList<WorkloadKind> All { get; } =
    [
        new("register", "puts, gets and deletes on a few keys", () => new RegisterWorkload(), Judgement.ByChecker),
        new("cas", "compare-and-swaps, puts and gets on a few keys", () => new CasWorkload(), Judgement.ByChecker),
        new("counter", "increments and gets of a few counters", () => new CounterWorkload(), CounterHistory.Judge),
        new("bank", "transfers between accounts, a transaction each, and reads of all accounts at once", () => new BankWorkload(), Judgement.ByChecker),
        new("append", "appends to lists, some of them together, and reads of all lists at once", () => new AppendWorkload(), Judgement.ByChecker),
        new("set", "keys that are only added, and scans that must see them", () => new SetWorkload(), SetHistory.Judge),
        new("watch", "puts and deletes, and watches that must tell all of them, resumed again and again", () => new WatchWorkload(), WatchHistory.Judge),
        new("lease", "leases with keys in all groups: never early, never renewed after their end, no key left", () => new LeaseWorkload(), LeaseHistory.Judge),
        new("lock", "critical sections with fenced writes, half of them paused beyond the lease", () => new LockWorkload(Fencing.On), LockHistory.Judge),
        new("election", "leaders that proclaim, and others who ask who leads", () => new ElectionWorkload(), ElectionHistory.Judge),
    ];

    /// <summary>What goes wrong without something that the product has: these must not pass.</summary>
    public static IReadOnlyList<WorkloadKind> Demonstrations { get; } =
    [
        new("lock-without-fencing", "the same critical sections without fences, which lose updates", () => new LockWorkload(Fencing.Off), LockHistory.Judge),
    ];

    /// <exception cref="UsageException">There is no such workload.</exception>
    public static WorkloadKind Find(string name) =>
        All.Concat(Demonstrations).FirstOrDefault(w => w.Name == name) ?? throw new UsageException($"--workload {name}: there is no such workload; known are {string.Join(", ", All.Concat(Demonstrations).Select(w => w.Name))}");
}
