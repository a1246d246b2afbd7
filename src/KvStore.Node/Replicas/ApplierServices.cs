using KvStore.Node.Checkpoints;
using KvStore.Node.Placement;
using KvStore.Node.Transport;
using KvStore.Raft;
using KvStore.Storage.Engine;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Replicas;

/// <summary>What the appliers of one apply worker need of their node.</summary>
internal sealed record ApplierServices(NodeOptions Options, MaintenanceQueue Maintenance, ReplicaAddresses Addresses, OutgoingFrames Frames, ILogger Logger)
{
    public IReplicaObserver? Observer { get; init; }

    /// <summary>The meta group has applied a new map. Called on the apply worker.</summary>
    public required Action<ClusterMap> MapApplied { get; init; }

    /// <summary>Who on this node waits for locks.</summary>
    public required Locks.LockWaits LockWaits { get; init; }

    /// <summary>A checkpoint is durable and was read back, or failed. Called from any thread.</summary>
    public required Action<ReplicaApplier, GroupStore, LogIndex, Exception?> Checkpointed { get; init; }
}
