using KvStore.Client;

namespace KvStore.Cli.Commands;

/// <summary>One node's line in a listing.</summary>
internal sealed record NodeState(bool Serves, object?[] Row);

internal static class NodeStates
{
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Asks a node; one that does not answer in 2 s is a line too.</summary>
    public static async Task<NodeState> AskAsync(KvClient client, KvNode node, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AskTimeout);
        try
        {
            var status = await client.Cluster.StatusAsync(node.ClientAddress, limit.Token).ConfigureAwait(false);
            var state = status.Ready ? "ready" : status.NotReadyReason.Length > 0 ? status.NotReadyReason : "not ready";
            return new NodeState(status.Ready,
            [
                node.Id, node.ClientAddress, state, status.Replicas.Count(r => r.Role == "leader"), status.Replicas.Count,
                status.Replicas.Aggregate(0UL, (sum, r) => sum + r.Keys), status.WalBytes, (long)status.Uptime.TotalSeconds,
            ]);
        }
        catch (Exception e) when (e is KvException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new NodeState(false, [node.Id, node.ClientAddress, "no answer", null, null, null, null, null]);
        }
    }
}
