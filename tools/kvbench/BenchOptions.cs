using System.Globalization;

namespace KvStore.Bench;

internal enum TargetKind
{
    Session,
    Unary,
    Etcd,
}

internal enum LoadKind
{
    Put,
    Get,
    Txn64,
}

/// <summary>One measurement.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        Measures one load on one target and prints one line of JSON.

        kvbench --target session|unary|etcd --endpoints 127.0.0.1:7101,127.0.0.1:7102 [options]

          --op put|get|txn64     txn64 (etcd only): transactions of 64 puts, counted as puts (default put)
          --callers N            calls at once (default 64)
          --keys N               different keys, written before gets (default 10000)
          --key-bytes N          (default 16)
          --value-bytes N        (default 100)
          --seconds N            measured time (default 5)
          --warm-up-seconds N    before it (default 2)

        kvbench watch --help     measures watches

        Exit codes: 0 measured, 1 failed or more than 1 % errors, 2 wrong usage.
        """;

    public required TargetKind Target { get; init; }

    public required string[] Endpoints { get; init; }

    public LoadKind Load { get; init; }

    public int Callers { get; init; } = 64;

    public int Keys { get; init; } = 10_000;

    public int KeyBytes { get; init; } = 16;

    public int ValueBytes { get; init; } = 100;

    public double Seconds { get; init; } = 5;

    public double WarmUpSeconds { get; init; } = 2;

    /// <exception cref="UsageException">An argument is unknown, missing or out of its limits.</exception>
    public static BenchOptions Parse(string[] args)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length) throw new UsageException($"'{args[i]}' is no option with a value; see --help");
            values[args[i][2..]] = args[i + 1];
        }
        string? Take(string name) => values.Remove(name, out var value) ? value : null;
        var options = new BenchOptions
        {
            Target = Named<TargetKind>("target", Take("target") ?? throw new UsageException("--target is missing; see --help")),
            Endpoints = (Take("endpoints") ?? throw new UsageException("--endpoints is missing; see --help")).Split(',', StringSplitOptions.RemoveEmptyEntries),
            Load = Named<LoadKind>("op", Take("op") ?? "put"),
            Callers = (int)Number("callers", Take("callers") ?? "64", 1, 100_000),
            Keys = (int)Number("keys", Take("keys") ?? "10000", 1, 100_000_000),
            KeyBytes = (int)Number("key-bytes", Take("key-bytes") ?? "16", 12, 4096),
            ValueBytes = (int)Number("value-bytes", Take("value-bytes") ?? "100", 0, 1 << 20),
            Seconds = Number("seconds", Take("seconds") ?? "5", 0.1, 3600),
            WarmUpSeconds = Number("warm-up-seconds", Take("warm-up-seconds") ?? "2", 0, 3600),
        };
        if (values.Count > 0) throw new UsageException($"--{values.Keys.First()} is unknown; see --help");
        return options.Load == LoadKind.Txn64 && options.Target != TargetKind.Etcd ? throw new UsageException("--op txn64 is for --target etcd only") : options;
    }

    private static T Named<T>(string name, string value) where T : struct, Enum =>
        Enum.TryParse<T>(value, ignoreCase: true, out var parsed) && !char.IsAsciiDigit(value[0]) ? parsed : throw new UsageException($"--{name} is '{value}'; expected {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}");

    private static double Number(string name, string value, double min, double max) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new UsageException($"--{name} is '{value}'; expected a number from {min} to {max}");
}
