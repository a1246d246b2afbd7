using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>All replicas have the same state at the same index: the hash over effects is equal at every one.</summary>
internal sealed class StateHashCheck(Findings findings) : ReplicaCheck("state hash", findings)
{
    /// <summary>By index. Where nobody has applied an entry the replica is none.</summary>
    private readonly Dictionary<GroupId, List<(ulong Hash, ReplicaId First)>> _hashes = [];

    public override void Applied(ObservedReplica replica, LogIndex index, ulong hash)
    {
        if (!_hashes.TryGetValue(replica.Group.Id, out var hashes)) _hashes.Add(replica.Group.Id, hashes = []);
        var place = (int)index.Value;
        while (hashes.Count <= place) hashes.Add(default);
        var known = hashes[place];
        if (known.First == ReplicaId.None) hashes[place] = (hash, replica.Id);
        else if (known.Hash != hash) Report($"{replica} has hash {hash:x16} after entry {index}; replica {known.First} had {known.Hash:x16}");
    }
}
