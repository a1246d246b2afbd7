using KvStore.Node.Snapshots;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Replicas;

/// <summary>What the drivers of one loop need of their node.</summary>
internal sealed record DriverServices(NodeOptions Options, WalWriter Wal, ReplicaAddresses Addresses, SnapshotSender Snapshots, EntryPayloadWriter PayloadWriter, SeededRandom Random, ILogger Logger)
{
    /// <summary>Up to where the group should forget its log because the WAL has grown too large; none while it has not.</summary>
    public required Func<GroupId, LogIndex> IndexToForget { get; init; }

    /// <summary>The newest applied cluster map; null before there is one.</summary>
    public required Func<Placement.ClusterMap?> Map { get; init; }

    /// <summary>How leaders talk to other groups.</summary>
    public required Calls.GroupCalls Calls { get; init; }

    public IReplicaObserver? Observer { get; init; }
}
