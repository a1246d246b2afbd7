using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Client;
using KvStore.Client.Leases;
using KvStore.Client.Tests.Fakes;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Leases through the SDK and the API of a real node, over all its groups.</summary>
public sealed class LeaseTests(SingleNode node) : IClassFixture<SingleNode>, IAsyncLifetime
{
    /// <summary>One in each range of the default keyspace, which lie in several groups.</summary>
    private static readonly string[] Keys = ["a", "h", "o", "u"];
    /// <summary>Outlasts every pause of a machine. A client whose clock is put forward keeps such a lease alive all the same.</summary>
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(3);
    private static readonly TimeSpan RenewedAfter = TimeToLive / 3;
    private KvClient? _client;

    private KvClient Client => _client!;

    public async Task InitializeAsync() => _client = await node.ConnectAsync();

    public async Task DisposeAsync() => await Client.DisposeAsync();

    [Fact]
    public async Task A_lease_keeps_itself_alive_and_takes_the_keys_of_all_groups_along_when_it_is_disposed()
    {
        var clock = new ClientClock();
        await using var owner = await node.ConnectAsync(clock);
        var lease = await owner.Leases.GrantAsync(TimeToLive);
        foreach (var key in Keys) await Client.PutAsync($"{key}-live", "v", new KvWriteOptions { Lease = lease.Id });
        Assert.Equal(lease.Id.Value, (await Client.GetAsync("a-live"))!.Value.Lease.Value);
        var status = await Client.Leases.TimeToLiveAsync(lease.Id, KvLeaseContent.TimesAndKeys);
        var (asked, grantedUntilMax) = (Stopwatch.GetTimestamp(), status.Remaining);
        Assert.Equal(TimeToLive, status.TimeToLive);
        Assert.Equal(Keys.Select(key => $"{key}-live"), status.Keys.Select(key => key.Key.ToString()).Order());
        Assert.Contains(lease.Id, await ToListAsync(Client.Leases.ListAsync()));

        // For more than twice its time to live by the client's clock, and until the node will keep it for longer, by the machine's clock, than it was granted for.
        var renewals = 0;
        await Patiently.UntilAsync(async () =>
        {
            clock.Advance(RenewedAfter);
            await Patiently.UntilAsync(() => lease.SafeFor > 0.9 * TimeToLive, "the client knows of its renewal");
            Assert.False(lease.Lost.IsCancellationRequested);
            var elapsed = Stopwatch.GetElapsedTime(asked);
            var keptUntilMin = elapsed + (await Client.Leases.TimeToLiveAsync(lease.Id)).Remaining;
            return ++renewals > 6 && keptUntilMin > grantedUntilMax;
        }, "the node has renewed the lease");
        Assert.InRange(lease.SafeFor, TimeSpan.FromTicks(1), 0.95 * TimeToLive);

        await lease.DisposeAsync();
        await UntilGoneAsync([.. Keys.Select(key => $"{key}-live")]);
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.TimeToLiveAsync(lease.Id));
        Assert.False(lease.Lost.IsCancellationRequested);
        Assert.DoesNotContain(lease.Id, await ToListAsync(Client.Leases.ListAsync()));
    }

    [Fact]
    public async Task A_lease_that_nobody_renews_ends_and_cannot_be_renewed_or_attached_to()
    {
        var asked = Stopwatch.GetTimestamp();
        var lease = await Client.Leases.GrantUnattendedAsync(KvLeases.TimeToLiveMin);
        // On a machine that stands still here it has ended already: not too early either.
        var late = await Record.ExceptionAsync(async () => await Client.PutAsync("a-left", "v", new KvWriteOptions { Lease = lease }));
        Assert.True(late is null or KvLeaseNotFoundException, $"{late}");
        await UntilGoneAsync("a-left");
        Assert.True(Stopwatch.GetElapsedTime(asked) >= KvLeases.TimeToLiveMin - TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.KeepAliveAsync(lease));
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.RevokeAsync(lease));
        foreach (var key in Keys)
            await Assert.ThrowsAsync<KvLeaseNotFoundException>(async () => await Client.PutAsync($"{key}-late", "v", new KvWriteOptions { Lease = lease }));
        foreach (var key in Keys) Assert.Null(await Client.GetAsync($"{key}-late"));
    }

    [Fact]
    public async Task A_lease_that_ends_elsewhere_is_lost()
    {
        var clock = new ClientClock();
        await using var owner = await node.ConnectAsync(clock);
        var lease = await owner.Leases.GrantAsync(TimeToLive);
        await Client.Leases.RevokeAsync(lease.Id);
        clock.Advance(RenewedAfter);
        await Patiently.FiredAsync(lease.Lost);
        Assert.Equal(TimeSpan.Zero, lease.SafeFor);
        await lease.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_is_granted_near_a_key()
    {
        var map = await Client.Cluster.MapAsync();
        foreach (var key in Keys)
        {
            var lease = await Client.Leases.GrantUnattendedAsync(TimeToLive, new KvLeaseOptions { NearKey = key });
            var range = map.Ranges.Single(r => r.Keyspace == "default" && string.CompareOrdinal(r.Keys.Start.ToString(), key) <= 0 && (r.Keys.End.Memory.IsEmpty || string.CompareOrdinal(key, r.Keys.End.ToString()) < 0));
            Assert.Equal(range.Group, lease.Value >> 43);
            await Client.Leases.KeepAliveAsync(lease);
            await Client.Leases.RevokeAsync(lease);
        }
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(999UL)]
    [InlineData(9_000_000_000_001UL)]
    [InlineData(ulong.MaxValue)]
    public async Task A_time_to_live_outside_the_limits_is_refused_naming_them(ulong milliseconds)
    {
        using var channel = GrpcChannel.ForAddress(node.Endpoint);
        var e = await Assert.ThrowsAsync<RpcException>(() => new Lease.LeaseClient(channel).GrantAsync(new LeaseGrantRequest { TtlMs = milliseconds }).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, e.StatusCode);
        Assert.Contains("9000000000000", e.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData((3UL << 43) | 12345)]
    [InlineData((99_999UL << 43) | 1)]
    [InlineData(ulong.MaxValue)]
    public async Task An_unknown_lease_is_named_as_such_by_every_call(ulong unknown)
    {
        var lease = new KvLeaseId(unknown);
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.KeepAliveAsync(lease));
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.RevokeAsync(lease));
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(() => Client.Leases.TimeToLiveAsync(lease));
        await Assert.ThrowsAsync<KvLeaseNotFoundException>(async () => await Client.PutAsync("a-unknown", "v", new KvWriteOptions { Lease = lease }));
        Assert.Null(await Client.GetAsync("a-unknown"));
    }

    [Fact]
    public async Task A_thousand_leases_of_all_groups_travel_in_one_request_and_one_more_is_refused()
    {
        using var channel = GrpcChannel.ForAddress(node.Endpoint);
        var leases = new List<ulong>();
        for (var i = 0; i < 8; i++) leases.Add((await Client.Leases.GrantUnattendedAsync(TimeToLive)).Value);
        using var stream = new Lease.LeaseClient(channel).KeepAlive(new CallOptions());
        await stream.RequestStream.WriteAsync(new LeaseKeepAliveRequest { Id = 7, Leases = { leases.Concat(Enumerable.Range(1, 992).Select(i => (ulong)i)) } });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal((7UL, 992), (stream.ResponseStream.Current.Id, stream.ResponseStream.Current.Ended.Count));
        Assert.Equal(leases.Order(), stream.ResponseStream.Current.Renewed.Order());
        await stream.RequestStream.WriteAsync(new LeaseKeepAliveRequest { Id = 8, Leases = { Enumerable.Repeat(leases[0], 1001) } });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(ErrorCode.InvalidArgument, stream.ResponseStream.Current.Error.Code);
        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(CancellationToken.None));
        foreach (var lease in leases) await Client.Leases.RevokeAsync(new KvLeaseId(lease));
    }

    private async Task UntilGoneAsync(params string[] keys)
    {
        foreach (var key in keys) await Patiently.UntilAsync(async () => await Client.GetAsync(key) is null, $"{key} is gone");
    }

    private static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> values)
    {
        var list = new List<T>();
        await foreach (var value in values) list.Add(value);
        return list;
    }
}
