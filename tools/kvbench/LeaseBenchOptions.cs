namespace KvStore.Bench;

/// <summary>One measurement of what the end of many leases at once does to writes.</summary>
internal sealed record LeaseBenchOptions
{
    public const string Usage = """
        Grants leases with a key each, lets all of them end together, and measures the puts of others meanwhile; prints one line of JSON.

        kvbench leases --endpoints 127.0.0.1:7101,127.0.0.1:7102 [options]

          --leases N             (default 100000)
          --groups one|all       whether one group owns all leases, or the groups of four ranges share them (default one: the hardest)
          --callers N            puts at once while the leases end, on the ranges of their keys (default 16)
          --ttl-seconds N        time to live; the leases are renewed until all are there, and then once more together (default 30)
          --before-seconds N     puts are measured so long before the leases end, too (default 5)

        "stall" is the longest time in which no put was answered, "own_standstill" the longest in which this process did not run. The leases have ended when their last key is gone.
        Exit codes: 0 measured, 1 a put failed or keys were left after a minute, 2 wrong usage.
        """;

    public required string[] Endpoints { get; init; }

    public int Leases { get; init; }

    public LeaseGroups Groups { get; init; }

    public int Callers { get; init; }

    public double TimeToLiveSeconds { get; init; }

    public double BeforeSeconds { get; init; }

    /// <exception cref="UsageException">An argument is unknown, missing or out of its limits.</exception>
    public static LeaseBenchOptions Parse(string[] args)
    {
        var arguments = new Arguments(args, "kvbench leases --help");
        var options = new LeaseBenchOptions
        {
            Endpoints = arguments.TakeEndpoints(),
            Leases = (int)arguments.Take("leases", 100_000, 1, 500_000),
            Groups = arguments.Take("groups") switch { null or "one" => LeaseGroups.One, "all" => LeaseGroups.All, var groups => throw new UsageException($"--groups is '{groups}'; expected one or all") },
            Callers = (int)arguments.Take("callers", 16, 1, 10_000),
            TimeToLiveSeconds = arguments.Take("ttl-seconds", 30, 5, 3600),
            BeforeSeconds = arguments.Take("before-seconds", 5, 1, 3600),
        };
        arguments.End();
        return options.BeforeSeconds < options.TimeToLiveSeconds ? options : throw new UsageException("--before-seconds must be less than --ttl-seconds");
    }
}

/// <summary>Who owns the leases.</summary>
internal enum LeaseGroups
{
    One,
    All,
}
