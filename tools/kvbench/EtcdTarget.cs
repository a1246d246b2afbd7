using Google.Protobuf;
using Grpc.Net.Client;
using KvStore.Bench.Etcd;

namespace KvStore.Bench;

/// <summary>etcd by unary calls, the callers spread over its endpoints.</summary>
internal sealed class EtcdTarget : ITarget
{
    public const int PutsPerTransaction = 64;

    private readonly BenchOptions _options;
    private readonly GrpcChannel[] _channels;
    private readonly KV.KVClient[] _clients;
    private readonly ByteString[] _keys;
    private readonly ByteString _value;

    public EtcdTarget(BenchOptions options)
    {
        _options = options;
        _channels = [.. options.Endpoints.Select(e => GrpcChannel.ForAddress(e.Contains("://", StringComparison.Ordinal) ? e : $"http://{e}"))];
        _clients = [.. _channels.Select(c => new KV.KVClient(c))];
        _keys = [.. BenchKeys.Make(options).Select(k => UnsafeByteOperations.UnsafeWrap(k))];
        _value = UnsafeByteOperations.UnsafeWrap(BenchKeys.Value(options));
    }

    public int OperationsPerCall => _options.Load == LoadKind.Txn64 ? PutsPerTransaction : 1;

    public ValueTask CallAsync(int caller, int index) => _options.Load switch
    {
        LoadKind.Get => GetAsync(caller, index),
        LoadKind.Put => FillAsync(caller, index),
        _ => TransactAsync(caller, index),
    };

    public async ValueTask FillAsync(int caller, int index) => await ClientOf(caller).PutAsync(new PutRequest { Key = _keys[index], Value = _value });

    public ValueTask DisposeAsync()
    {
        foreach (var channel in _channels) channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask GetAsync(int caller, int index)
    {
        if ((await ClientOf(caller).RangeAsync(new RangeRequest { Key = _keys[index] })).Kvs.Count != 1) throw new InvalidOperationException("A key that was written is missing.");
    }

    /// <summary>64 keys in a row: etcd refuses a transaction that puts one key twice.</summary>
    private async ValueTask TransactAsync(int caller, int index)
    {
        var request = new TxnRequest();
        for (var i = 0; i < PutsPerTransaction; i++) request.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = _keys[(index + i) % _keys.Length], Value = _value } });
        await ClientOf(caller).TxnAsync(request);
    }

    private KV.KVClient ClientOf(int caller) => _clients[caller % _clients.Length];
}
