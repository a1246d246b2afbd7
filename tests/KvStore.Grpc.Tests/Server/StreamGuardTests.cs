using Grpc.Core;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;
using KvStore.Server.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace KvStore.Grpc.Tests.Server;

/// <summary>One write and one read at a time on a stream; limits that would end long streams are lifted.</summary>
public sealed class StreamGuardTests
{
    private sealed class Probe(Func<IAsyncStreamReader<TestRequest>, IServerStreamWriter<TestResponse>, ServerCallContext, Task> handle) : V1.Test.TestBase
    {
        public override Task Bidi(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context) =>
            handle(requestStream, responseStream, context);

        public override async Task<TestResponse> Unary(TestRequest request, ServerCallContext context)
        {
            await handle(null!, null!, context);
            return new TestResponse();
        }
    }

    private sealed class RecordedRate : IHttpMinRequestBodyDataRateFeature
    {
        public MinDataRate? MinDataRate { get; set; } = new(bytesPerSecond: 240, gracePeriod: TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Second_write_while_one_is_pending_is_refused_at_the_server()
    {
        var refusal = new TaskCompletionSource<Exception>();
        await using var server = await StartAsync(async (_, responses, _) =>
        {
            // Nobody reads: a write stays pending once all windows are full.
            var large = new TestResponse { Payload = Google.Protobuf.ByteString.CopyFrom(new byte[8 << 20]) };
            var pending = responses.WriteAsync(large);
            refusal.SetResult(await Assert.ThrowsAsync<InvalidOperationException>(() => responses.WriteAsync(large)));
            await pending;
        });
        using var channel = server.Connect();
        using var call = new V1.Test.TestClient(channel).Bidi();
        Assert.Contains("in progress", (await refusal.Task.Soon()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_write_while_one_is_pending_is_refused_at_the_client()
    {
        var release = new TaskCompletionSource();
        await using var server = await StartAsync((_, _, _) => release.Task);
        using var channel = server.Connect();
        using var call = new V1.Test.TestClient(channel).Bidi();
        var large = new TestRequest { Payload = Google.Protobuf.ByteString.CopyFrom(new byte[8 << 20]) };
        var pending = call.RequestStream.WriteAsync(large);
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(large));
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.CompleteAsync());
        release.SetResult();
        await Assert.ThrowsAsync<RpcException>(() => pending.Soon());
    }

    [Fact]
    public async Task Second_read_while_one_is_pending_is_refused_on_both_sides()
    {
        var refusal = new TaskCompletionSource<Exception>();
        await using var server = await StartAsync(async (requests, _, _) =>
        {
            var pending = requests.MoveNext(CancellationToken.None);
            refusal.SetResult(await Assert.ThrowsAsync<InvalidOperationException>(() => requests.MoveNext(CancellationToken.None)));
            await pending;
        });
        using var channel = server.Connect();
        using var call = new V1.Test.TestClient(channel).Bidi();
        var pendingHere = call.ResponseStream.MoveNext(CancellationToken.None);
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        await refusal.Task.Soon();
        await call.RequestStream.CompleteAsync();
        Assert.False(await pendingHere.Soon());
    }

    [Fact]
    public async Task Reader_with_a_token_of_its_own_still_ends_with_the_call()
    {
        var left = new TaskCompletionSource<Exception>();
        var entered = new TaskCompletionSource();
        using var own = new CancellationTokenSource();
        await using var server = await StartAsync(async (requests, _, _) =>
        {
            entered.SetResult();
            left.SetResult(await Assert.ThrowsAnyAsync<Exception>(() => requests.MoveNext(own.Token)));
        });
        using var channel = server.Connect();
        using (new V1.Test.TestClient(channel).Bidi())
            await entered.Task.Soon();
        Assert.True(await left.Task.Soon() is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled });
    }

    [Fact]
    public async Task Limits_on_slow_and_large_uploads_are_lifted_for_request_streams_only()
    {
        var seen = new List<(MinDataRate? Slowest, long? Largest)>();
        await using var server = await TestServer.StartAsync(application =>
        {
            application.Use((http, next) =>
            {
                http.Features.Set<IHttpMinRequestBodyDataRateFeature>(new RecordedRate()); // Kestrel's own can be set but not read on HTTP/2
                return next(http);
            });
            application.MapGrpcService(V1.Test.BindService(new Probe((_, _, context) =>
            {
                var features = ((HttpServerCallContext)context).HttpContext.Features;
                seen.Add((features.GetRequiredFeature<IHttpMinRequestBodyDataRateFeature>().MinDataRate, features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize));
                return Task.CompletedTask;
            })));
        });
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        using (var call = client.Bidi())
            Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None).Soon());
        await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon();
        Assert.Equal((null, null), seen[0]);
        Assert.NotNull(seen[1].Slowest);
        Assert.NotNull(seen[1].Largest);
    }

    [Fact]
    public void Slow_readers_do_not_end_their_connection()
    {
        var kestrel = new KestrelServerOptions();
        kestrel.UseGrpcLimits();
        Assert.Null(kestrel.Limits.MinResponseDataRate);
        Assert.Equal(1024, kestrel.Limits.Http2.MaxStreamsPerConnection);
        Assert.InRange(kestrel.Limits.Http2.KeepAlivePingDelay, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2));
    }

    private static Task<TestServer> StartAsync(Func<IAsyncStreamReader<TestRequest>, IServerStreamWriter<TestResponse>, ServerCallContext, Task> handle) =>
        TestServer.StartAsync(application => application.MapGrpcService(V1.Test.BindService(new Probe(handle))));
}
