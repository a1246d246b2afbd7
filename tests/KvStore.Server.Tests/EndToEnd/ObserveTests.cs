using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Protocol.V1;
using KvStore.Protocol.V1.Locking;
using KvStore.Server.Configuration;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Elections are told by every node that can know, of two nodes.</summary>
public sealed class ObserveTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly SingleNode[] _homes = [new(), new()];
    private KvStoreServer[] _servers = [];

    public Task InitializeAsync() => Task.CompletedTask;

    private async Task StartAsync(int replicas)
    {
        FounderOptions[] founders = [.. _homes.Select((home, i) => new FounderOptions { NodeId = (ulong)i + 1, ClientAddress = home.Options.ClientAddress, PeerAddress = home.Options.PeerAddress })];
        for (var i = 0; i < _homes.Length; i++) _homes[i].Options = _homes[i].Options with
        {
            NodeId = (ulong)i + 1, Founders = founders, ReplicasPerGroup = replicas,
            // A busy machine does not make a leader look lost.
            HeartbeatMilliseconds = 100, ElectionTimeoutMinMilliseconds = 500, ElectionTimeoutMaxMilliseconds = 1000,
        };
        _servers = await Task.WhenAll(_homes.Select(home => SingleNode.StartAsync(home.Options)));
    }

    public async Task DisposeAsync()
    {
        foreach (var server in _servers) await server.DisposeAsync();
        foreach (var home in _homes) await home.DisposeAsync();
    }

    [Fact]
    public async Task Each_node_tells_of_an_election_with_or_without_a_replica_of_it()
    {
        // Whatever is asked, one of the nodes has no replica of it.
        await StartAsync(replicas: 1);
        await using var client = await SingleNode.ConnectAsync(_homes.Select(home => home.Endpoint));
        await using var leadership = await client.Elections.CampaignAsync("relayed", "first");
        foreach (var home in _homes)
        {
            using var channel = GrpcChannel.ForAddress(home.Endpoint);
            using var observed = new Election.ElectionClient(channel).Observe(new LeaderRequest { Name = "relayed" });
            var before = await NextAsync(observed);
            Assert.Equal(leadership.FencingToken, before.Token);
            await leadership.ProclaimAsync($"by {home.Options.NodeId}");
            Assert.Equal($"by {home.Options.NodeId}", (await NextAsync(observed)).Value.ToStringUtf8());
        }
        Assert.Equal(1, await ReplicasAsync());

        async Task<int> ReplicasAsync()
        {
            var map = await client.Cluster.MapAsync();
            return map.Groups.Single(group => group.Id == map.Ranges.First(range => range.Keyspace == "system").Group).Replicas.Count;
        }
    }

    [Fact]
    public async Task A_name_that_is_none_is_refused_by_each_node()
    {
        await StartAsync(replicas: 1);
        foreach (var home in _homes)
        {
            using var channel = GrpcChannel.ForAddress(home.Endpoint);
            using var observed = new Election.ElectionClient(channel).Observe(new LeaderRequest());
            var refused = await Assert.ThrowsAsync<RpcException>(() => observed.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Equal(ErrorCode.InvalidArgument, Error.Parser.ParseFrom(refused.Trailers.GetValueBytes("kvstore-error-bin")).Code);
        }
    }

    [Fact]
    public async Task A_node_that_hears_of_no_leader_ends_what_it_observes()
    {
        await StartAsync(replicas: 2);
        using var channel = GrpcChannel.ForAddress(_homes[0].Endpoint);
        using var observed = new Election.ElectionClient(channel).Observe(new LeaderRequest { Name = "alone" });
        Assert.Equal(0ul, (await NextAsync(observed)).Token);
        var other = _servers[1];
        _servers = [_servers[0]];
        await other.DisposeAsync();
        var ended = await Assert.ThrowsAsync<RpcException>(() => observed.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience));
        Assert.Equal(StatusCode.Unavailable, ended.StatusCode);
        Assert.Contains("no leader", ended.Status.Detail, StringComparison.Ordinal);
    }

    private static async Task<LeaderResponse> NextAsync(AsyncServerStreamingCall<LeaderResponse> observed)
    {
        Assert.True(await observed.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Patience));
        return observed.ResponseStream.Current;
    }
}
