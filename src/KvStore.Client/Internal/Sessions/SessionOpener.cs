using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Sessions;

/// <summary>Opens client sessions for the writes that wait for them.</summary>
internal sealed class SessionOpener(Dispatcher dispatcher, SessionDirectory sessions)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    /// <summary>Makes one attempt. If it fails, the waiting writes are retried as if it had been their own attempt.</summary>
    public void Open(RangeRoute route, string keyspace, ReadOnlyMemory<byte> key) => _ = OpenAsync(route, keyspace, key.ToArray());

    private async Task OpenAsync(RangeRoute route, string keyspace, byte[] key)
    {
        var leader = route.Group.Leader;
        ClientSession? session = null;
        var failure = new Failure(ErrorCode.Unavailable, $"the leader of group {route.Group.GroupId} is not known");
        try
        {
            if (dispatcher.ConnectionTo(leader) is { } connection) session = await CallAsync(connection, route, keyspace, key).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            failure = FailureReader.Read(e, dispatcher.Topology.AddressOf(leader) ?? $"node {leader}");
        }
        // A session that was opened but never heard of harms nobody: its group ends it.
        foreach (var operation in sessions.Opened(route.Group.GroupId, session))
        {
            operation.Route = route;
            operation.Node = leader;
            if (session is not null) dispatcher.Dispatch(operation);
            else dispatcher.OnFailure(operation, failure with { OutcomeUnknown = false });
        }
        dispatcher.Completions.Drain();
    }

    private async Task<ClientSession> CallAsync(NodeConnection connection, RangeRoute route, string keyspace, byte[] key)
    {
        var request = new OpenSessionRequest { Keyspace = keyspace, Key = UnsafeByteOperations.UnsafeWrap(key), Route = new Route { RangeId = route.RangeId, Epoch = route.Epoch } };
        var answer = await connection.Kv.OpenSessionAsync(request, new CallOptions().WithDeadline(DateTime.UtcNow + Timeout)).ConfigureAwait(false);
        Log.SessionOpened(dispatcher.Log, answer.SessionGroup, answer.SessionIndex);
        return new ClientSession(route.Group.GroupId, answer.SessionGroup, answer.SessionIndex);
    }
}
