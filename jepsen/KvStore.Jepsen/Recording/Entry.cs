using System.Text.Json.Nodes;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Recording;

/// <summary>
/// One line of a history (jepsen/histories/README.md). Operations that the checker knows are written as it reads them; a workload with a check of its own
/// names its operations as it likes.
/// </summary>
internal sealed record Entry
{
    /// <summary>One sequential client.</summary>
    public required int Client { get; init; }

    public required string Key { get; init; }

    public required string Op { get; init; }

    public JsonNode? In { get; init; }

    public JsonNode? Out { get; init; }

    /// <summary>Nanoseconds since the run began.</summary>
    public required long Call { get; init; }

    public long Return { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>What the client was told when it failed.</summary>
    public string? Error { get; init; }

    /// <summary>The line that it was read from; 0: recorded by this program.</summary>
    public int Line { get; init; }
}
