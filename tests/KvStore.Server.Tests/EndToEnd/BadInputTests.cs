using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Bad input gets a definite error that names what and why; nothing is applied and the connection goes on.</summary>
public sealed class BadInputTests(SingleNode node) : IClassFixture<SingleNode>, IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(node.Endpoint);

    private Kv.KvClient Client => new(_channel);

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task An_empty_key_is_refused() =>
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Value = Bytes(1) }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "key");

    [Fact]
    public async Task A_key_over_4_KiB_is_refused_and_one_of_4_KiB_is_taken()
    {
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Bytes(4097) }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "4096");
        Assert.True((await Client.PutAsync(new PutRequest { Key = Bytes(4096) })).Revision > 0);
    }

    [Fact]
    public async Task A_value_over_1_MiB_is_refused_and_one_of_1_MiB_is_taken()
    {
        await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = Bytes(3), Value = Bytes((1 << 20) + 1) }).ResponseAsync, StatusCode.InvalidArgument, ErrorCode.InvalidArgument, "value");
        await Client.PutAsync(new PutRequest { Key = Bytes(3), Value = Bytes(1 << 20) });
        Assert.Equal(1 << 20, (await Client.GetAsync(new GetRequest { Key = Bytes(3) })).Kv.Value.Length);
    }

    [Fact]
    public async Task A_message_over_4_MiB_is_refused_and_the_connection_goes_on()
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => Client.PutAsync(new PutRequest { Key = Bytes(3), Value = Bytes(5 << 20) }).ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        await Client.GetAsync(new GetRequest { Key = Bytes(1) });
    }

    [Fact]
    public async Task An_unknown_keyspace_is_named() =>
        await RefusedAsync(() => Client.GetAsync(new GetRequest { Keyspace = "nowhere", Key = Bytes(1) }).ResponseAsync, StatusCode.NotFound, ErrorCode.NotFound, "nowhere");

    [Fact]
    public async Task A_stale_epoch_gets_the_new_descriptor()
    {
        var map = await new Cluster.ClusterClient(_channel).GetMapAsync(new GetMapRequest());
        var range = map.Ranges.First(r => r.Keyspace == "default" && r.Start.IsEmpty);
        var error = await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("a"), Route = new Route { RangeId = range.RangeId, Epoch = range.Epoch + 7 } }).ResponseAsync,
            StatusCode.FailedPrecondition, ErrorCode.EpochNotMatch, "epoch");
        Assert.Equal(range.Epoch, error.Range.Epoch);
    }

    [Fact]
    public async Task A_route_to_a_range_that_does_not_hold_the_key_gets_the_right_one()
    {
        var map = await new Cluster.ClusterClient(_channel).GetMapAsync(new GetMapRequest());
        var first = map.Ranges.First(r => r.Keyspace == "default" && r.Start.IsEmpty);
        var error = await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("zebra"), Route = new Route { RangeId = first.RangeId, Epoch = first.Epoch } }).ResponseAsync,
            StatusCode.FailedPrecondition, ErrorCode.EpochNotMatch, "range");
        Assert.NotEqual(first.RangeId, error.Range.RangeId);
    }

    [Fact]
    public async Task A_deadline_in_the_past_is_not_proposed()
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => Client.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("late") }, deadline: DateTime.UtcNow.AddSeconds(-1)).ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
        Assert.Null((await Client.GetAsync(new GetRequest { Key = ByteString.CopyFromUtf8("late") })).Kv);
    }

    [Fact]
    public async Task An_increment_of_a_text_changes_nothing()
    {
        var key = ByteString.CopyFromUtf8("text");
        await Client.PutAsync(new PutRequest { Key = key, Value = ByteString.CopyFromUtf8("abc") });
        await RefusedAsync(() => Client.IncrementAsync(new IncrementRequest { Key = key, Delta = 1 }).ResponseAsync, StatusCode.FailedPrecondition, ErrorCode.FailedPrecondition, "decimal");
        Assert.Equal("abc", (await Client.GetAsync(new GetRequest { Key = key })).Kv.Value.ToStringUtf8());
    }

    [Fact]
    public async Task A_session_batch_of_reads_and_writes_is_refused_and_the_session_goes_on()
    {
        var map = await new Cluster.ClusterClient(_channel).GetMapAsync(new GetMapRequest());
        var range = map.Ranges.First(r => r.Keyspace == "default" && r.Start.IsEmpty);
        var route = new Route { RangeId = range.RangeId, Epoch = range.Epoch };
        using var session = Client.Session();
        var mixed = new Batch { Route = route };
        mixed.Operations.Add(new Operation { Id = 1, Put = new PutRequest { Key = ByteString.CopyFromUtf8("a"), Value = Bytes(1) } });
        mixed.Operations.Add(new Operation { Id = 2, Get = new GetRequest { Key = ByteString.CopyFromUtf8("a") } });
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { mixed } });
        Assert.True(await session.ResponseStream.MoveNext(default));
        Assert.All(session.ResponseStream.Current.Results, r => Assert.Equal(ErrorCode.InvalidArgument, r.Error.Code));
        await session.RequestStream.WriteAsync(new SessionRequest { Batches = { new Batch { Route = route, Operations = { new Operation { Id = 3, Put = new PutRequest { Key = ByteString.CopyFromUtf8("a"), Value = Bytes(1) } } } } } });
        Assert.True(await session.ResponseStream.MoveNext(default));
        Assert.Equal(OperationResult.ResultOneofCase.Put, Assert.Single(session.ResponseStream.Current.Results).ResultCase);
        await session.RequestStream.CompleteAsync();
        Assert.False(await session.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task A_retried_write_gets_the_first_result_and_applies_once()
    {
        var key = ByteString.CopyFromUtf8("once");
        var opened = await Client.OpenSessionAsync(new OpenSessionRequest { Key = key });
        var request = new IncrementRequest { Key = key, Delta = 5, WriteId = new WriteId { SessionGroup = opened.SessionGroup, SessionIndex = opened.SessionIndex, Sequence = 1, LowestAwaited = 1 } };
        var first = await Client.IncrementAsync(request);
        var again = await Client.IncrementAsync(request);
        Assert.Equal((5, first.Revision), (again.Value, again.Revision));
        Assert.Equal("5", (await Client.GetAsync(new GetRequest { Key = key })).Kv.Value.ToStringUtf8());
    }

    [Fact]
    public async Task A_write_under_an_unknown_session_is_never_applied_blindly()
    {
        var key = ByteString.CopyFromUtf8("ghost");
        var error = await RefusedAsync(() => Client.PutAsync(new PutRequest { Key = key, WriteId = new WriteId { SessionGroup = 1, SessionIndex = 999_999, Sequence = 1, LowestAwaited = 1 } }).ResponseAsync,
            StatusCode.Aborted, ErrorCode.SessionExpired, "session");
        Assert.True(error.OutcomeUnknown);
        Assert.Null((await Client.GetAsync(new GetRequest { Key = key })).Kv);
    }

    private static ByteString Bytes(int length) => ByteString.CopyFrom(new byte[length]);

    private static async Task<Error> RefusedAsync<T>(Func<Task<T>> call, StatusCode status, ErrorCode code, string mention)
    {
        var e = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(status, e.StatusCode);
        var error = Error.Parser.ParseFrom(e.Trailers.GetValueBytes("kvstore-error-bin"));
        Assert.Equal(code, error.Code);
        Assert.Contains(mention, error.Message, StringComparison.OrdinalIgnoreCase);
        return error;
    }
}
