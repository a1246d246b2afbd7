using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Server.Watches;

/// <summary>kvstore.v1.Watch: streams that carry many watches.</summary>
internal sealed class WatchService(KvNode node, RangeResolver ranges, TimeSpan bookmarkInterval) : V1.Watch.WatchBase
{
    // Not disposed: a call may come in after the node has begun to go down, and links to it.
    private readonly CancellationTokenSource _closing = new();

    public override async Task Watch(IAsyncStreamReader<WatchRequest> requestStream, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _closing.Token);
        var stream = new WatchStream(node, ranges, responseStream, bookmarkInterval);
        try
        {
            await stream.RunAsync(requestStream, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw Errors.ToRpc(new NodeError(NodeErrorCode.Unavailable, "the node is stopping"));
        }
    }

    /// <summary>Ends every stream: the node goes down, and clients are to go elsewhere.</summary>
    public void Close() => _closing.Cancel();
}
