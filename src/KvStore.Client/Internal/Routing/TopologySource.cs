using System.Collections.Concurrent;
using System.Collections.Frozen;
using Grpc.Core;
using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;
using Microsoft.Extensions.Logging;

namespace KvStore.Client.Internal.Routing;

/// <summary>Keeps the newest cluster map that any node gave. Asks several nodes at once, so that one which hangs or is cut off does not keep the client from the others' knowledge.</summary>
internal sealed class TopologySource(ConnectionTable connections, string[] seeds, TimeProvider time, ILogger log)
{
    private const int AskedAtOnce = 3;
    private static readonly TimeSpan AskTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PauseBetweenRefreshes = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ulong, GroupRoute> _groups = new();
    private Task<Failure?>? _refresh;
    private bool _refreshing;
    private int _rotation = Random.Shared.Next(1024);
    private long _refreshedAt;
    private Topology _current = Topology.Empty;

    public Topology Current => Volatile.Read(ref _current);

    /// <summary>When the last refresh ended, in timestamps of the time provider.</summary>
    public long RefreshedAt => Volatile.Read(ref _refreshedAt);

    /// <summary>Called after every refresh with null or with why no node gave a map.</summary>
    public Action<Failure?>? Refreshed { get; set; }

    /// <summary>Called when a map named a new leader.</summary>
    public Action? LeaderChanged { get; set; }

    /// <summary>Asks for a map unless that is under way already; complete when a node has answered or all asked have failed.</summary>
    public Task<Failure?> RefreshAsync()
    {
        lock (_gate)
        {
            if (_refreshing) return _refresh!;
            _refreshing = true;
            var pause = _refresh is null ? TimeSpan.Zero : PauseBetweenRefreshes;
            return _refresh = Task.Run(() => RefreshAsync(pause));
        }
    }

    public void Learn(ClusterMap map)
    {
        if (TakeIn(map)) LeaderChanged?.Invoke();
    }

    public void Learn(RangeDescriptor range)
    {
        lock (_gate) Volatile.Write(ref _current, _current.With(RouteOf(range)));
    }

    /// <summary>The address of a node, if the map names it.</summary>
    public string? AddressOf(ulong node) => Current.Nodes.GetValueOrDefault(node);

    /// <summary>Addresses to try for a call that any node answers, in an order that changes from call to call.</summary>
    public string[] Candidates()
    {
        var all = Current.Nodes.Values.Concat(seeds).Distinct().ToArray();
        var first = (int)((uint)Interlocked.Increment(ref _rotation) % (uint)all.Length);
        return [.. all[first..], .. all[..first]];
    }

    /// <returns>Whether a group has another leader than was believed.</returns>
    private bool TakeIn(ClusterMap map)
    {
        lock (_gate)
        {
            var known = _current;
            if (known.ClusterId.Length > 0 && map.ClusterId != known.ClusterId)
            {
                Log.OtherCluster(log, known.ClusterId, map.ClusterId);
                return false;
            }
            var leaderChanged = false;
            foreach (var group in map.Groups)
            {
                var route = GroupOf(group.GroupId);
                route.Locate([.. group.Replicas.Where(r => !r.Learner).Select(r => r.NodeId)]);
                leaderChanged |= route.Learn(group.LeaderNode, group.Term);
            }
            if (known.ClusterId.Length > 0 && (map.Revision < known.Revision || (map.Revision == known.Revision && !known.IsPatched))) return leaderChanged;
            var nodes = map.Nodes.Where(n => Endpoint.IsAddress(n.ClientAddress)).ToFrozenDictionary(n => n.NodeId, n => n.ClientAddress);
            Volatile.Write(ref _current, new Topology(map.ClusterId, map.Revision, nodes, map.Ranges.Select(RouteOf)));
            return leaderChanged;
        }
    }

    private GroupRoute GroupOf(ulong id) => _groups.GetOrAdd(id, static i => new GroupRoute(i));

    private RangeRoute RouteOf(RangeDescriptor range) =>
        new(range.RangeId, range.Epoch, range.Keyspace, range.Start.Memory, range.End.Memory, GroupOf(range.Group));

    private async Task<Failure?> RefreshAsync(TimeSpan pause)
    {
        if (pause > TimeSpan.Zero) await Task.Delay(pause, time).ConfigureAwait(false);
        Failure? failure = null;
        var candidates = Candidates();
        for (var asked = 0; asked < candidates.Length; asked += AskedAtOnce)
        {
            failure = await AskAsync(candidates.AsMemory(asked, Math.Min(AskedAtOnce, candidates.Length - asked))).ConfigureAwait(false);
            if (failure is null) break;
        }
        if (failure is not null) Log.NoMap(log, failure.Message);
        Volatile.Write(ref _refreshedAt, time.GetTimestamp());
        lock (_gate) _refreshing = false;
        Refreshed?.Invoke(failure);
        return failure;
    }

    /// <summary>Null as soon as one has answered; the others' answers are learned when they come.</summary>
    private async Task<Failure?> AskAsync(ReadOnlyMemory<string> addresses)
    {
        var open = new List<Task<Failure?>>();
        foreach (var address in addresses.ToArray()) open.Add(AskAsync(address));
        var failures = new List<Failure>();
        while (open.Count > 0)
        {
            var ended = await Task.WhenAny(open).ConfigureAwait(false);
            open.Remove(ended);
            if (await ended.ConfigureAwait(false) is not { } failure) return null;
            failures.Add(failure);
        }
        return failures[0] with { Message = string.Join("; ", failures.Select(f => f.Message)) };
    }

    private async Task<Failure?> AskAsync(string address)
    {
        try
        {
            var deadline = DateTime.UtcNow + AskTimeout;
            var map = await connections.To(address).Cluster.GetMapAsync(new GetMapRequest(), new CallOptions().WithDeadline(deadline)).ConfigureAwait(false);
            if (map.Ranges.Count == 0) return new Failure(ErrorCode.Unavailable, $"{address}: the cluster is not initialized yet");
            Learn(map);
            return null;
        }
        catch (Exception e) when (e is RpcException or ObjectDisposedException or InvalidOperationException)
        {
            return FailureReader.Read(e, address);
        }
    }
}
