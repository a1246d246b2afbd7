using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Leases;

/// <summary>A stream of keep-alives with one request under way at a time.</summary>
internal sealed class LeaseStream(AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call) : IDisposable
{
    private ulong _lastId;

    /// <exception cref="RpcException">The stream has ended.</exception>
    public async Task<LeaseKeepAliveResponse> RenewAsync(IEnumerable<ulong> leases, CancellationToken cancellationToken)
    {
        var request = new LeaseKeepAliveRequest { Id = ++_lastId, Leases = { leases } };
        await call.RequestStream.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        while (await call.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false))
            if (call.ResponseStream.Current.Id == request.Id) return call.ResponseStream.Current;
        throw new RpcException(new Status(StatusCode.Unavailable, "the node closed the stream of keep-alives"));
    }

    public void Dispose() => call.Dispose();
}
