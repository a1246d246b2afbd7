using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;
using KvStore.Server.Grpc;

namespace KvStore.Grpc.Tests.Client;

/// <summary>A channel opens another connection for more than a hundred calls, and calls that have ended make room.</summary>
public sealed class ConnectionSpreadTests
{
    private const int Full = ConnectionSpread.CallsPerConnection;

    /// <summary>Says over which connection each call came, and holds calls while it is told to.</summary>
    private sealed class Crowd(int expected) : V1.Test.TestBase
    {
        private readonly TaskCompletionSource _allHere = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _came;

        public ConcurrentQueue<string> Peers { get; } = new();
        public Task AllHere => _allHere.Task;
        public TaskCompletionSource Leave { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<TestResponse> Unary(TestRequest request, ServerCallContext context)
        {
            Peers.Enqueue(context.Peer);
            if (Interlocked.Increment(ref _came) == expected) _allHere.SetResult();
            await Leave.Task;
            return new TestResponse();
        }

        public override Task Bidi(IAsyncStreamReader<TestRequest> requestStream, IServerStreamWriter<TestResponse> responseStream, ServerCallContext context) =>
            new TaskCompletionSource().Task.WaitAsync(context.CancellationToken);
    }

    [Fact]
    public async Task More_than_a_hundred_calls_share_several_connections_and_a_single_one_takes_the_first()
    {
        var crowd = new Crowd(expected: 2 * Full + 1);
        await using var server = await StartAsync(crowd);
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        var calls = Enumerable.Range(0, 2 * Full + 1).Select(_ => client.UnaryAsync(new TestRequest()).ResponseAsync).ToList();
        await crowd.AllHere.Soon();
        var connections = crowd.Peers.GroupBy(peer => peer).OrderByDescending(calls => calls.Count()).ToList();
        Assert.Equal([Full, Full, 1], connections.Select(calls => calls.Count()));
        crowd.Leave.SetResult();
        await Task.WhenAll(calls).Soon();
        await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon();
        Assert.Contains(crowd.Peers.Last(), connections.Take(2).Select(calls => calls.Key));
    }

    [Fact]
    public async Task However_a_call_ends_it_leaves_its_connection()
    {
        var crowd = new Crowd(expected: 2);
        await using var server = await StartAsync(crowd);
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        crowd.Leave.SetResult();
        await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        for (var i = 0; i < Full; i++)
        {
            client.Bidi().Dispose();
            await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(new TestRequest(), cancellationToken: cancelled.Token).ResponseAsync).Soon();
            await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(new TestRequest(), deadline: DateTime.UnixEpoch).ResponseAsync).Soon();
            await Assert.ThrowsAsync<RpcException>(() => client.ClientStream(cancellationToken: cancelled.Token).ResponseAsync).Soon();
        }
        await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon();
        Assert.Single(crowd.Peers.Distinct());
    }

    private static Task<TestServer> StartAsync(Crowd crowd) => TestServer.StartAsync(application => application.MapGrpcService(V1.Test.BindService(crowd)));
}
