
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
          --keys N               different keys (default 10000)
          --fill yes|no          write them all before gets (default yes)
          --key-bytes N          (default 16)
          --value-bytes N        (default 100)
          --seconds N            measured time (default 5)
          --warm-up-seconds N    before it (default 2)

        kvbench watch --help     measures watches
        kvbench leases --help    measures what the end of many leases at once does to writes

        Exit codes: 0 measured, 1 failed or more than 1 % errors, 2 wrong usage.
        """;

    public required TargetKind Target { get; init; }

    public required string[] Endpoints { get; init; }

    public LoadKind Load { get; init; }

    public int Callers { get; init; }

    public int Keys { get; init; }

    /// <summary>Whether all keys are written before gets are measured.</summary>
    public bool Fills { get; init; }

    public int KeyBytes { get; init; }

    public int ValueBytes { get; init; }

    public double Seconds { get; init; }

    public double WarmUpSeconds { get; init; }

    /// <exception cref="UsageException">An argument is unknown, missing or out of its limits.</exception>
    public static BenchOptions Parse(string[] args)
    {
        var arguments = new Arguments(args, "kvbench --help");
        var options = new BenchOptions
        {
            Target = Named<TargetKind>("target", arguments.Take("target") ?? throw new UsageException("--target is missing; see kvbench --help")),
            Endpoints = arguments.TakeEndpoints(),
            Load = Named<LoadKind>("op", arguments.Take("op") ?? "put"),
            Callers = (int)arguments.Take("callers", 64, 1, 100_000),
            Keys = (int)arguments.Take("keys", 10000, 1, 100_000_000),
            Fills = (arguments.Take("fill") ?? "yes") switch { "yes" => true, "no" => false, var other => throw new UsageException($"--fill is '{other}'; expected yes or no") },
            KeyBytes = (int)arguments.Take("key-bytes", 16, 12, 4096),
            ValueBytes = (int)arguments.Take("value-bytes", 100, 0, 1 << 20),
            Seconds = arguments.Take("seconds", 5, 0.1, 3600),
            WarmUpSeconds = arguments.Take("warm-up-seconds", 2, 0, 3600),
        };
        arguments.End();
        return options.Load == LoadKind.Txn64 && options.Target != TargetKind.Etcd ? throw new UsageException("--op txn64 is for --target etcd only") : options;
    }

    private static T Named<T>(string name, string value) where T : struct, Enum =>
        Enum.TryParse<T>(value, ignoreCase: true, out var parsed) && !char.IsAsciiDigit(value[0]) ? parsed : throw new UsageException($"--{name} is '{value}'; expected {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}");
}
