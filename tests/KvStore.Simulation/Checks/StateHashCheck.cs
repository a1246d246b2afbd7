using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>All replicas have the same state at the same index: the hash over effects is equal at every one.</summary>
internal sealed class StateHashCheck(Findings findings) : ReplicaCheck("state hash", findings)
{
    private readonly Dictionary<(GroupId, LogIndex), (ulong Hash, ReplicaId First)> _hashes = [];

    public override void Applied(ObservedReplica replica, LogIndex index, ulong hash)
    {
        if (!_hashes.TryAdd((replica.Group.Id, index), (hash, replica.Id)) && _hashes[(replica.Group.Id, index)] is var other && other.Hash != hash)
            Report($"{replica} has hash {hash:x16} after entry {index}; replica {other.First} had {other.Hash:x16}");
    }
}
