using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;
using KvStore.Server.Grpc;

namespace KvStore.Grpc.Tests.Client;

/// <summary>A channel takes another connection for more than a hundred calls, and calls that have ended make room.</summary>
public sealed class ConnectionSpreadTests
{
    private const int Full = ConnectionSpread.CallsPerConnection, Max = ConnectionSpread.ConnectionsMax;
    private const string Endless = "endless";

    private sealed class Service : V1.Test.TestBase
    {
        public override Task<TestResponse> Unary(TestRequest request, ServerCallContext context) => Task.FromResult(new TestResponse());

        public override async Task ServerStream(TestRequest request, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context)
        {
            if (context.RequestHeaders.All(header => header.Key != Endless)) return;
            await context.WriteResponseHeadersAsync([]);
            await new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
        }
    }

    [Fact]
    public void Every_hundred_calls_take_another_connection_and_later_ones_the_first_with_room()
    {
        using var spread = Spread(() => new SocketsHttpHandler());
        var calls = Enumerable.Range(0, 2 * Full + 1).Select(_ => spread.Enter()).ToList();
        Assert.Equal([Full, Full, 1], calls.Distinct().Select(connection => connection.Calls));
        calls[0].Leave();
        Assert.Same(calls[0], spread.Enter());
        Assert.Same(calls[^1], spread.Enter());
    }

    [Fact]
    public void When_there_may_be_no_more_connections_calls_share_those_that_are_there()
    {
        using var spread = Spread(() => new SocketsHttpHandler());
        var calls = Enumerable.Range(0, Max * Full + Max).Select(_ => spread.Enter()).ToList();
        Assert.Equal(Enumerable.Repeat(Full + 1, Max), calls.Distinct().Select(connection => connection.Calls));
        using var single = Spread(null);
        Assert.Single(Enumerable.Range(0, Full + 1).Select(_ => single.Enter()).Distinct());
    }

    [Fact]
    public async Task However_a_call_ends_it_leaves_its_connection()
    {
        await using var server = await TestServer.StartAsync(application => application.MapGrpcService(V1.Test.BindService(new Service())));
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon();
        await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(new TestRequest(), cancellationToken: cancelled.Token).ResponseAsync).Soon();
        await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(new TestRequest(), deadline: DateTime.UnixEpoch).ResponseAsync).Soon();
        await Assert.ThrowsAsync<RpcException>(() => client.NotImplementedHereAsync(new TestRequest()).ResponseAsync).Soon();
        Assert.False(await client.ServerStream(new TestRequest()).ResponseStream.MoveNext(CancellationToken.None).Soon()); // read to its end, not disposed
        var endless = client.ServerStream(new TestRequest(), new Metadata { { Endless, "1" } });
        await endless.ResponseHeadersAsync.Soon();
        Assert.Equal(2, channel.Enter().Calls); // the endless one and this
        endless.Dispose(); // and nobody reads it
        Assert.Equal(2, channel.Enter().Calls);
    }

    private static ConnectionSpread Spread(Func<HttpMessageHandler>? further) => new(new ChannelConnection(new SocketsHttpHandler(), ownsHandler: true), further);
}
