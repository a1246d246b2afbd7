namespace KvStore.Client.Internal.Routing;

/// <summary>Where a group's replicas are and who is believed to lead it. Lives as long as the client; thread-safe.</summary>
internal sealed class GroupRoute(ulong groupId)
{
    private readonly Lock _gate = new();
    private ulong _leader;
    private ulong _term;
    private ulong[] _replicas = [];

    public ulong GroupId => groupId;

    /// <summary>0: unknown.</summary>
    public ulong Leader => Volatile.Read(ref _leader);

    public ulong Term
    {
        get
        {
            lock (_gate) return _term;
        }
    }

    /// <summary>Nodes with a voting replica.</summary>
    public ReadOnlySpan<ulong> Replicas => Volatile.Read(ref _replicas);

    public void Locate(ulong[] replicas) => Volatile.Write(ref _replicas, replicas);

    /// <summary>What a node's map says. An older term than the newest one heard of is ignored; in the same term a map does not outdo what the leader itself denied. Term 0 is an unknown one: believed, since a wrong guess costs only a denial.</summary>
    /// <returns>Whether another node leads than was believed.</returns>
    public bool Learn(ulong leader, ulong term)
    {
        if (leader == 0) return false;
        lock (_gate)
        {
            if (term != 0 && (term < _term || (term == _term && _leader != 0))) return false;
            var changes = leader != _leader;
            _term = Math.Max(_term, term);
            Volatile.Write(ref _leader, leader);
            return changes;
        }
    }

    /// <summary>A node said that it does not lead the group, and perhaps who does.</summary>
    public void Deny(ulong node, ulong hint)
    {
        lock (_gate)
        {
            if (_leader == node || _leader == 0) Volatile.Write(ref _leader, hint == node ? 0 : hint);
        }
    }
}
