using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>`LeaseMebibytesMax`, by the keys of one lease.</summary>
public sealed class LeaseTableLimitTests : IAsyncLifetime
{
    private const int KeyBytes = 4000;
    private readonly SingleNode _node = new();

    public Task InitializeAsync()
    {
        _node.Options = _node.Options with { LeaseMebibytesMax = 1 };
        return _node.InitializeAsync();
    }

    public Task DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Puts_with_a_lease_are_refused_once_its_group_keeps_a_mebibyte_of_leases_and_keys()
    {
        using var channel = GrpcChannel.ForAddress(_node.Endpoint);
        var client = new Kv.KvClient(channel);
        var lease = (await new Lease.LeaseClient(channel).GrantAsync(new LeaseGrantRequest { TtlMs = 600_000, NearKey = ByteString.CopyFromUtf8("a") })).Lease;
        var taken = 0;
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            for (; taken < 300; taken++) await PutAsync(taken);
        });
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.InRange(taken * KeyBytes, 900 << 10, 1 << 20);
        Assert.Null((await client.GetAsync(new GetRequest { Key = Key(taken) })).Kv);

        async Task PutAsync(int number) => await client.PutAsync(new PutRequest { Key = Key(number), Lease = lease });
    }

    private static ByteString Key(int number) => ByteString.CopyFromUtf8("a" + number.ToString("D3", System.Globalization.CultureInfo.InvariantCulture).PadRight(KeyBytes - 1, 'x'));
}
