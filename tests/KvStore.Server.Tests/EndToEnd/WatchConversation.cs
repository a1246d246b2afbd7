using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Protocol.V1;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>One raw stream of watches and a client for writes beside it.</summary>
internal sealed class WatchConversation : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly Queue<WatchUpdate> _updates = [];

    public WatchConversation(string endpoint)
    {
        _channel = GrpcChannel.ForAddress(endpoint);
        Kv = new V1.Kv.KvClient(_channel);
        Cluster = new V1.Cluster.ClusterClient(_channel);
        Call = new V1.Watch.WatchClient(_channel).Watch();
    }

    public V1.Kv.KvClient Kv { get; }
    public V1.Cluster.ClusterClient Cluster { get; }
    public AsyncDuplexStreamingCall<WatchRequest, WatchResponse> Call { get; }

    public Task CreateAsync(WatchCreate create) => Call.RequestStream.WriteAsync(new WatchRequest { Create = create });

    public async Task<WatchUpdate> NextAsync()
    {
        while (_updates.Count == 0)
        {
            Assert.True(await Call.ResponseStream.MoveNext(default), "the stream has ended");
            foreach (var update in Call.ResponseStream.Current.Updates) _updates.Enqueue(update);
        }
        return _updates.Dequeue();
    }

    public async Task BeginAsync(WatchCreate create)
    {
        await CreateAsync(create);
        var update = await NextAsync();
        Assert.Equal((create.WatchId, WatchUpdate.UpdateOneofCase.Created), (update.WatchId, update.UpdateCase));
    }

    /// <summary>So many events of the only watch.</summary>
    public async Task<List<V1.WatchEvent>> EventsAsync(int count)
    {
        var events = new List<V1.WatchEvent>();
        while (events.Count < count)
            if (await NextAsync() is { UpdateCase: WatchUpdate.UpdateOneofCase.Events } update) events.AddRange(update.Events.Events);
        Assert.Equal(count, events.Count);
        return events;
    }

    public async Task<Error> RefusedAsync(WatchCreate create)
    {
        await CreateAsync(create);
        var update = await NextAsync();
        Assert.Equal((create.WatchId, WatchUpdate.UpdateOneofCase.Ended), (update.WatchId, update.UpdateCase));
        return update.Ended.Error;
    }

    public async Task<ulong> PutAsync(string key, string value) => (await Kv.PutAsync(new PutRequest { Key = Bytes(key), Value = Bytes(value) })).Revision;

    public static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    public void Dispose()
    {
        Call.Dispose();
        _channel.Dispose();
    }
}
