namespace KvStore.Jepsen.Soak;

/// <summary>Settings of <c>soak kill</c>.</summary>
internal sealed record KillOptions
{
    public int Rounds { get; init; } = 20;
    public int Nodes { get; init; } = 3;
    public int Writers { get; init; } = 16;
    /// <summary>Every so many rounds all nodes are killed at once; 0: never.</summary>
    public int AllEvery { get; init; } = 10;
    public int Seed { get; init; } = 1;
    public string? Directory { get; init; }
    public required string ServerDll { get; init; }
}
