namespace KvStore.Jepsen.Nemeses;

/// <summary>All nemeses.</summary>
internal static class NemesisList
{
    public static IReadOnlyList<INemesis> All { get; } =
    [
        new KillNemesis(),
        new PauseNemesis(),
        new PartitionNemesis(),
        new PowerNemesis(),
        new DiskNemesis(),
        new ClockNemesis(),
        new TransferNemesis(),
    ];

    /// <param name="names">Separated by commas; "none": no faults.</param>
    /// <exception cref="UsageException">There is no such nemesis.</exception>
    public static IReadOnlyList<INemesis> Find(string names) => names == "none" ? [] :
    [
        .. names.Split(',').Distinct().Select(name => All.FirstOrDefault(n => n.Name == name)
            ?? throw new UsageException($"--nemesis {name}: there is no such nemesis; known are {string.Join(", ", All.Select(n => n.Name))}, none")),
    ];
}
