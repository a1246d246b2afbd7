namespace KvStore.Bench;

/// <summary>One measurement of how long events take to their watchers.</summary>
internal sealed record WatchBenchOptions
{
    public const string Usage = """
        Measures how long events take from the call of their write to their watchers, and prints one line of JSON.

        kvbench watch --endpoints 127.0.0.1:7101,127.0.0.1:7102 [options]

          --single N             watchers of one key each (default 1000)
          --all N                watchers of everything (default 10)
          --rate N               puts a second, spread over the watched keys (default 5000)
          --value-bytes N        at least 8 (default 100)
          --seconds N            measured time (default 5)
          --warm-up-seconds N    before it (default 10)

        Delivery is measured with one clock from before a put is called until each watcher has the event, so it includes the put.
        Exit codes: 0 measured and every event came to every watcher, 1 failed, 2 wrong usage.
        """;

    public required string[] Endpoints { get; init; }

    public int Single { get; init; }

    public int All { get; init; }

    public int Rate { get; init; }

    public int ValueBytes { get; init; }

    public double Seconds { get; init; }

    public double WarmUpSeconds { get; init; }

    /// <exception cref="UsageException">An argument is unknown, missing or out of its limits.</exception>
    public static WatchBenchOptions Parse(string[] args)
    {
        var arguments = new Arguments(args, "kvbench watch --help");
        var options = new WatchBenchOptions
        {
            Endpoints = arguments.TakeEndpoints(),
            Single = (int)arguments.Take("single", 1000, 0, 100_000),
            All = (int)arguments.Take("all", 10, 0, 10_000),
            Rate = (int)arguments.Take("rate", 5000, 1, 1_000_000),
            ValueBytes = (int)arguments.Take("value-bytes", 100, 8, 1 << 20),
            Seconds = arguments.Take("seconds", 5, 0.1, 3600),
            WarmUpSeconds = arguments.Take("warm-up-seconds", 10, 0, 3600),
        };
        arguments.End();
        return options.Single + options.All > 0 ? options : throw new UsageException("--single and --all are 0: nobody watches");
    }
}
