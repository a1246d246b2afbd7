using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Bad input to leases, transactions and fences on the wire: a definite error of the code that the proto names, and nothing applied. Watches have theirs in <see cref="WatchTests"/>.</summary>
public sealed class CoordinationInputTests(SingleNode node) : IClassFixture<SingleNode>, IDisposable
{
    private const ulong UnknownLease = 0xdead;
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(node.Endpoint);

    private Kv.KvClient Client => new(_channel);

    private Lease.LeaseClient Leases => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Theory]
    [InlineData(0UL)]
    [InlineData(9_000_000_000_001UL)]
    public async Task A_lease_of_no_time_or_of_too_much(ulong milliseconds)
    {
        var before = (await Leases.ListAsync(new LeaseListRequest())).Leases.Count;
        await RefusedAsync(() => Leases.GrantAsync(new LeaseGrantRequest { TtlMs = milliseconds }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "ttl_ms");
        Assert.Equal(before, (await Leases.ListAsync(new LeaseListRequest())).Leases.Count);
    }

    [Fact]
    public async Task An_unknown_lease()
    {
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Text("a-lease"), Lease = UnknownLease }).ResponseAsync, StatusCode.NotFound, ErrorCode.LeaseNotFound, "lease");
        await RefusedAsync(() => Leases.RevokeAsync(new LeaseRevokeRequest { Lease = UnknownLease }).ResponseAsync, StatusCode.NotFound, ErrorCode.LeaseNotFound, "lease");
        await RefusedAsync(() => Leases.TimeToLiveAsync(new LeaseTimeToLiveRequest { Lease = UnknownLease }).ResponseAsync, StatusCode.NotFound, ErrorCode.LeaseNotFound, "lease");
        var put = new TransactionRequest { Success = { Put("a-lease", UnknownLease) } };
        await RefusedAsync(() => Client.TransactionAsync(put).ResponseAsync, StatusCode.NotFound, ErrorCode.LeaseNotFound, "dead");
        await AbsentAsync("a-lease");
    }

    [Fact]
    public async Task A_key_that_a_transaction_writes_twice()
    {
        var twice = new TransactionRequest { Success = { Put("b/1"), Put("b/2"), Put("b/1") } };
        await RefusedAsync(() => Client.TransactionAsync(twice).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "b/1");
        var other = new TransactionRequest { Success = { Put("b/2") }, Failure = { Put("b/1"), Put("b/1") } };
        await RefusedAsync(() => Client.TransactionAsync(other).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "b/1");
        await AbsentAsync("b/1");
        await AbsentAsync("b/2");
    }

    [Fact]
    public async Task Keys_that_are_not_colocated()
    {
        var apart = new TransactionRequest { Success = { Put("c/1"), Put("d/1") } };
        var error = await RefusedAsync(() => Client.TransactionAsync(apart).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.NotColocated, "d/1");
        Assert.Equal(("d/1", "c/1"), (error.Key.ToStringUtf8(), error.OtherKey.ToStringUtf8()));
        await AbsentAsync("c/1");
        await AbsentAsync("d/1");
    }

    [Fact]
    public async Task A_fence_of_a_lock_that_never_existed_and_one_that_is_none()
    {
        Fence never = new() { Lock = "never", Token = 12345 };
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Text("a-fence"), Fence = never }).ResponseAsync, StatusCode.NotFound, ErrorCode.LockNotFound, "never");
        await RefusedAsync(() => Client.TransactionAsync(new TransactionRequest { Success = { Put("a-fence") }, Fence = never }).ResponseAsync, StatusCode.NotFound, ErrorCode.LockNotFound, "never");
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Text("a-fence"), Fence = new Fence { Lock = "never" } }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "token");
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Text("a-fence"), Fence = new Fence { Token = 1 } }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "fence.lock");
        await AbsentAsync("a-fence");
    }

    private static TransactionOperation Put(string key, ulong lease = 0) => new() { Put = new TransactionPut { Key = Text(key), Lease = lease } };

    private async Task AbsentAsync(string key) => Assert.Null((await Client.GetAsync(new GetRequest { Key = Text(key) })).Kv);

    private static ByteString Text(string text) => ByteString.CopyFromUtf8(text);

    private static async Task<Error> RefusedAsync<T>(Func<Task<T>> call, StatusCode status, ErrorCode code, string mention)
    {
        var e = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(status, e.StatusCode);
        var error = Error.Parser.ParseFrom(e.Trailers.GetValueBytes("kvstore-error-bin"));
        Assert.Equal((code, false), (error.Code, error.OutcomeUnknown));
        Assert.Contains(mention, error.Message, StringComparison.Ordinal);
        return error;
    }
}
