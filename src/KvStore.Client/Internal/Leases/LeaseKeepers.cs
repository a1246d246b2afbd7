using System.Collections.Concurrent;

namespace KvStore.Client.Internal.Leases;

/// <summary>The renewal of a client's leases, one keeper for each group that owns some.</summary>
internal sealed class LeaseKeepers(KvClient client, LeaseCalls calls)
{
    private readonly ConcurrentDictionary<ulong, LeaseKeeper> _keepers = new();

    public LeaseKeeper Of(KvLeaseId lease) => _keepers.GetOrAdd(LeaseCalls.GroupOf(lease), group => new LeaseKeeper(group, client, calls));
}
