using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Grpc.Tests.Etcd;
using KvStore.Grpc.Tests.Service;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>Our client against etcd, which is grpc-go.</summary>
public sealed class EtcdTests(EtcdFixture fixture) : IClassFixture<EtcdFixture>
{
    [PeerFact(Peer.Etcd)]
    public async Task Puts_and_ranges()
    {
        var kv = new KV.KVClient(await fixture.ChannelAsync());
        await kv.PutAsync(new PutRequest { Key = Text("a"), Value = Text("1") }).ResponseAsync.Soon();
        var range = await kv.RangeAsync(new RangeRequest { Key = Text("a") }).ResponseAsync.Soon();
        Assert.Equal("1", Assert.Single(range.Kvs).Value.ToStringUtf8());
        Assert.StartsWith("3.", (await new Maintenance.MaintenanceClient(await fixture.ChannelAsync()).StatusAsync(new StatusRequest()).ResponseAsync.Soon()).Version, StringComparison.Ordinal);
    }

    [PeerFact(Peer.Etcd)]
    public async Task Errors_carry_code_and_text()
    {
        var kv = new KV.KVClient(await fixture.ChannelAsync());
        var refusal = await Expect.StatusAsync(StatusCode.InvalidArgument, async () => await kv.PutAsync(new PutRequest()).ResponseAsync.Soon());
        Assert.Contains("key is not provided", refusal.Status.Detail, StringComparison.Ordinal);
        await Expect.StatusAsync(StatusCode.ResourceExhausted, async () => await kv.PutAsync(new PutRequest { Key = Text("x"), Value = Bytes(3 << 20) }).ResponseAsync.Soon());
        await Expect.StatusAsync(StatusCode.Unimplemented, async () => await kv.NoSuchMethodAsync(new PutRequest()).ResponseAsync.Soon());
        await Expect.StatusAsync(StatusCode.DeadlineExceeded, async () => await kv.RangeAsync(new RangeRequest { Key = Text("a") }, deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync.Soon());
    }

    [PeerFact(Peer.Etcd)]
    public async Task Watch_delivers_every_event_and_is_cancelled()
    {
        var channel = await fixture.ChannelAsync();
        var kv = new KV.KVClient(channel);
        using var watch = new Watch.WatchClient(channel).Watch();
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = Text("w"), RangeEnd = Text("x") } }).Soon();
        Assert.True((await NextAsync(watch.ResponseStream)).Created);
        for (var i = 0; i < 100; i++)
            await kv.PutAsync(new PutRequest { Key = Text($"w{i:000}") }).ResponseAsync.Soon();
        var keys = new List<string>();
        while (keys.Count < 100)
            keys.AddRange((await NextAsync(watch.ResponseStream)).Events.Select(change => change.Kv.Key.ToStringUtf8()));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"w{i:000}"), keys);
        await watch.RequestStream.WriteAsync(new WatchRequest { CancelRequest = new WatchCancelRequest() }).Soon();
        Assert.True((await NextAsync(watch.ResponseStream)).Canceled);
    }

    [PeerFact(Peer.Etcd)]
    public async Task Open_watch_ends_at_its_deadline()
    {
        // On a clock of its own: where etcd's deadline fires first, etcd 3.4 ends most watches with UNKNOWN "context deadline exceeded".
        var time = new ManualTimeProvider();
        var deadline = time.GetUtcNow().UtcDateTime.AddHours(1);
        using var channel = GrpcChannel.ForAddress($"http://{(await fixture.ChannelAsync()).Target}", new GrpcChannelOptions { TimeProvider = time });
        using var watch = new Watch.WatchClient(channel).Watch(deadline: deadline);
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = Text("nothing") } }).Soon();
        Assert.True((await NextAsync(watch.ResponseStream)).Created);
        var next = watch.ResponseStream.MoveNext(CancellationToken.None);
        time.Advance(TimeSpan.FromHours(1));
        await Expect.StatusAsync(StatusCode.DeadlineExceeded, () => next.Soon());
    }

    [PeerFact(Peer.Etcd)]
    public async Task Lease_is_granted_kept_alive_and_revoked()
    {
        var leases = new Lease.LeaseClient(await fixture.ChannelAsync());
        var granted = await leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 600 }).ResponseAsync.Soon();
        using (var keepAlive = leases.LeaseKeepAlive())
        {
            for (var i = 0; i < 3; i++)
            {
                await keepAlive.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = granted.ID }).Soon();
                Assert.Equal(600, (await NextAsync(keepAlive.ResponseStream)).TTL);
            }

            await keepAlive.RequestStream.CompleteAsync();
            Assert.False(await keepAlive.ResponseStream.MoveNext(CancellationToken.None).Soon());
        }

        await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = granted.ID }).ResponseAsync.Soon();
        await Expect.StatusAsync(StatusCode.NotFound, async () => await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = granted.ID }).ResponseAsync.Soon());
    }

    [PeerFact(Peer.Etcd)]
    public async Task Large_answers_do_not_offend_the_servers_ping_policy()
    {
        var kv = new KV.KVClient(await fixture.ChannelAsync());
        var value = Bytes(1 << 20);
        for (var i = 0; i < 4; i++)
            await kv.PutAsync(new PutRequest { Key = Text($"big{i}"), Value = value }).ResponseAsync.Soon();

        // SocketsHttpHandler measures round trips with pings while data flows; grpc-go ends connections that ping too often.
        for (var i = 0; i < 20; i++)
            Assert.Equal(4, (await kv.RangeAsync(new RangeRequest { Key = Text("big"), RangeEnd = Text("bih") }).ResponseAsync.Soon()).Kvs.Count(pair => pair.Value.Length == 1 << 20));
    }

    [PeerFact(Peer.Etcd)]
    public async Task Snapshot_streams_the_whole_database()
    {
        using var snapshot = new Maintenance.MaintenanceClient(await fixture.ChannelAsync()).Snapshot(new SnapshotRequest());
        var bytes = 0;
        while (await snapshot.ResponseStream.MoveNext(CancellationToken.None).Soon())
            bytes += snapshot.ResponseStream.Current.Blob.Length;
        Assert.True(bytes > 16 * 1024, $"{bytes} bytes");
    }

    [PeerFact(Peer.Etcd)]
    public async Task Many_watches_share_one_connection()
    {
        var channel = await fixture.ChannelAsync();
        var watches = Enumerable.Range(0, 100).Select(_ => new Watch.WatchClient(channel).Watch()).ToList();
        foreach (var watch in watches)
        {
            await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = Text("fan") } }).Soon();
            Assert.True((await NextAsync(watch.ResponseStream)).Created);
        }

        await new KV.KVClient(channel).PutAsync(new PutRequest { Key = Text("fan") }).ResponseAsync.Soon();
        foreach (var watch in watches)
        {
            Assert.Single((await NextAsync(watch.ResponseStream)).Events);
            watch.Dispose();
        }
    }

    private static async Task<T> NextAsync<T>(IAsyncStreamReader<T> stream)
    {
        Assert.True(await stream.MoveNext(CancellationToken.None).Soon());
        return stream.Current;
    }

    private static ByteString Text(string text) => ByteString.CopyFromUtf8(text);

    private static ByteString Bytes(int count) => UnsafeByteOperations.UnsafeWrap(new byte[count]);
}
