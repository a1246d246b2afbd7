namespace KvStore.Jepsen.Soak;

/// <summary>Settings of <c>soak kill</c> and <c>soak power</c>.</summary>
internal sealed record LossOptions
{
    public required LossKind Kind { get; init; }
    public int Rounds { get; init; } = 20;
    public int Nodes { get; init; } = 3;
    public int Writers { get; init; } = 16;
    /// <summary>Every so many rounds all nodes are struck at once; 0: never.</summary>
    public int AllEvery { get; init; } = 10;
    public int Seed { get; init; } = 1;
    public string? Directory { get; init; }
    public required string Server { get; init; }

    /// <exception cref="UsageException">An option is wrong.</exception>
    public static LossOptions Read(LossKind kind, IReadOnlyList<string> rest)
    {
        var arguments = new Arguments(rest, "rounds", "nodes", "writers", "all-every", "seed", "directory", "server");
        return new LossOptions
        {
            Kind = kind,
            Rounds = arguments.Integer("rounds", 20, 1, 1_000_000),
            Nodes = arguments.Integer("nodes", 3, 1, 5),
            Writers = arguments.Integer("writers", 16, 1, 10_000),
            AllEvery = arguments.Integer("all-every", kind == LossKind.Kill ? 10 : 1, 0, 1_000_000),
            Seed = arguments.Integer("seed", 1, 0, int.MaxValue),
            Directory = arguments.Text("directory"),
            Server = arguments.Server(),
        };
    }
}

/// <summary>How nodes are struck.</summary>
internal enum LossKind
{
    /// <summary>SIGKILL: what was written is there.</summary>
    Kill,
    /// <summary>Power cut: only what was synced is there.</summary>
    Power,
}
