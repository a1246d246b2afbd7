using System.Globalization;

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
          --warm-up-seconds N    before it (default 2)

        Delivery is measured with one clock from before a put is called until each watcher has the event, so it includes the put.
        Exit codes: 0 measured and every event came to every watcher, 1 failed, 2 wrong usage.
        """;

    public required string[] Endpoints { get; init; }

    public int Single { get; init; } = 1000;

    public int All { get; init; } = 10;

    public int Rate { get; init; } = 5000;

    public int ValueBytes { get; init; } = 100;

    public double Seconds { get; init; } = 5;

    public double WarmUpSeconds { get; init; } = 2;

    /// <exception cref="UsageException">An argument is unknown, missing or out of its limits.</exception>
    public static WatchBenchOptions Parse(string[] args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length) throw new UsageException($"'{args[i]}' is no option with a value; see kvbench watch --help");
            values[args[i][2..]] = args[i + 1];
        }
        var options = new WatchBenchOptions
        {
            Endpoints = (values.Remove("endpoints", out var endpoints) ? endpoints : throw new UsageException("--endpoints is missing; see kvbench watch --help")).Split(',', StringSplitOptions.RemoveEmptyEntries),
            Single = (int)Number("single", 1000, 0, 100_000),
            All = (int)Number("all", 10, 0, 10_000),
            Rate = (int)Number("rate", 5000, 1, 1_000_000),
            ValueBytes = (int)Number("value-bytes", 100, 8, 1 << 20),
            Seconds = Number("seconds", 5, 0.1, 3600),
            WarmUpSeconds = Number("warm-up-seconds", 2, 0, 3600),
        };
        if (values.Count > 0) throw new UsageException($"--{values.Keys.First()} is unknown; see kvbench watch --help");
        return options.Single + options.All > 0 ? options : throw new UsageException("--single and --all are 0: nobody watches");

        double Number(string name, double byDefault, double min, double max)
        {
            if (!values.Remove(name, out var value)) return byDefault;
            return double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
                ? number
                : throw new UsageException($"--{name} is '{value}'; expected a number from {min} to {max}");
        }
    }
}
