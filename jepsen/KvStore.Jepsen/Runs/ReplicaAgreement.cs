using KvStore.Jepsen.Nemeses;

namespace KvStore.Jepsen.Runs;

/// <summary>Compares what the replicas hold: with the same log applied they must have the same state hash.</summary>
internal static class ReplicaAgreement
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(10);

    /// <returns>Null when no two replicas that applied the same differ.</returns>
    public static async Task<string?> DifferenceAsync(Leaders leaders, int nodes)
    {
        var seen = new Dictionary<(ulong Group, ulong Applied), (int Node, string Hash)>();
        for (var node = 0; node < nodes; node++)
        {
            if (await leaders.StatusAsync(node, AskTimeout).ConfigureAwait(false) is not { } status) continue;
            foreach (var replica in status.Replicas)
            {
                if (replica.StoppedReason.Length > 0) return $"node {node + 1} stopped its replica of group {replica.Group}: {replica.StoppedReason}";
                if (!seen.TryAdd((replica.Group, replica.AppliedIndex), (node, replica.StateHash)) && seen[(replica.Group, replica.AppliedIndex)] is var other && other.Hash != replica.StateHash)
                    return $"nodes {other.Node + 1} and {node + 1} hold different states of group {replica.Group} at index {replica.AppliedIndex}";
            }
        }

        return null;
    }
}
