using Grpc.Core;
using KvStore.Protocol.V1;
using KvStore.Server.Tests.EndToEnd;
using KvStore.Server.Watches;

namespace KvStore.Server.Tests.Watches;

public sealed class WatchServiceTests
{
    [Fact]
    public async Task A_watch_at_a_node_that_stops_is_unavailable()
    {
        var service = new WatchService(null!, null!, TimeSpan.FromSeconds(1));
        service.Close();
        var e = await Assert.ThrowsAsync<RpcException>(() => service.Watch(new NothingYet(), null!, new AnyCall()).WaitAsync(Patiently.Limit));
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
    }

    private sealed class NothingYet : IAsyncStreamReader<WatchRequest>
    {
        public WatchRequest Current => throw new InvalidOperationException("nothing was read");

        public Task<bool> MoveNext(CancellationToken cancellationToken) => new TaskCompletionSource<bool>().Task.WaitAsync(cancellationToken);
    }

    private sealed class AnyCall : ServerCallContext
    {
        protected override string MethodCore => "";
        protected override string HostCore => "";
        protected override string PeerCore => "";
        protected override DateTime DeadlineCore => DateTime.MaxValue;
        protected override Metadata RequestHeadersCore { get; } = [];
        protected override CancellationToken CancellationTokenCore => CancellationToken.None;
        protected override Metadata ResponseTrailersCore { get; } = [];
        protected override Status StatusCore { get; set; }
        protected override WriteOptions? WriteOptionsCore { get; set; }
        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
    }
}
