using KvStore.Node.Peer;
using KvStore.Raft;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Replicas;

/// <summary>
/// Compares the running hash over effects with the other replicas' at agreed indexes (DESIGN §6): every <see cref="IndexesBetween"/> entries each replica tells the others its hash.
/// A replica that a majority contradicts stops; a difference that no majority decides is an alarm.
/// </summary>
internal sealed class HashComparison(GroupReplica replica, ILogger logger)
{
    public const ulong IndexesBetween = 256;
    private const int IndexesKept = 32;

    /// <summary>By index, by replica: this replica's own hash and what the others have said, in any order of arrival.</summary>
    private readonly SortedDictionary<LogIndex, SortedDictionary<ReplicaId, ulong>> _hashes = [];

    /// <summary>What status shows after a difference; null before.</summary>
    public string? Alarm { get; private set; }

    public static bool IsAgreed(LogIndex index) => index.Value % IndexesBetween == 0;

    public static HashReport Report(GroupReplica replica, ReplicaId to, LogIndex index, ulong hash) => new()
    {
        GroupId = replica.Group.Value,
        From = replica.Id.Value,
        To = to.Value,
        Index = index.Value,
        Hash = Google.Protobuf.ByteString.CopyFrom(BitConverter.GetBytes(hash)),
    };

    /// <summary>Takes a hash, one's own or another's. Returns why this replica has to stop; null when it need not.</summary>
    public string? Add(ReplicaId from, LogIndex index, ulong hash, Configuration configuration)
    {
        if (!_hashes.TryGetValue(index, out var hashes)) _hashes.Add(index, hashes = []);
        hashes[from] = hash;
        while (_hashes.Count > IndexesKept) _hashes.Remove(_hashes.First().Key);
        return hashes.TryGetValue(replica.Id, out var own) ? Judge(index, own, hashes, configuration) : null;
    }

    private string? Judge(LogIndex index, ulong own, SortedDictionary<ReplicaId, ulong> hashes, Configuration configuration)
    {
        var voters = configuration.Voters.Count;
        foreach (var (other, hash) in hashes)
        {
            if (hash == own) continue;
            NodeLog.HashDiffers(logger, replica.Group, index, other);
            Alarm = $"the state hash at index {index} differs from replica {other}'s";
            if (hashes.Values.Count(value => value == hash) > voters / 2) return $"its state hash at index {index} differs from the majority's";
        }
        return null;
    }
}
