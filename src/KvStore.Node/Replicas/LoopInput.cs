using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>One thing for a replica loop to do. What the fields mean depends on the kind.</summary>
internal readonly record struct LoopInput(LoopInputKind Kind, GroupReplica? Replica = null, object? Subject = null, ulong Number = 0, NodeId Node = default);

internal enum LoopInputKind
{
    /// <summary>Subject: a <see cref="ReplicaDriver"/> that joins the loop.</summary>
    Add,
    /// <summary>Subject: a <see cref="WriteBatch"/> or a <see cref="GroupProposal"/>.</summary>
    Propose,
    /// <summary>Subject: a <see cref="Reads.ReadWaiter"/> that needs a read index.</summary>
    Read,
    /// <summary>Subject: a frame from Node; the loop takes the messages of its own groups.</summary>
    Frame,
    /// <summary>Frames to Node may have been lost.</summary>
    Unreachable,
    /// <summary>Subject: the <see cref="WalSubmission"/> that is now durable.</summary>
    Durable,
    /// <summary>Number: the applied index.</summary>
    Applied,
    /// <summary>Number: the index of a checkpoint that was read back.</summary>
    Checkpointed,
    /// <summary>Subject: the <see cref="SnapshotMetadata"/> whose state the replica has switched to; Number: the sender's term, Node: the sender's node.</summary>
    SnapshotInstalled,
    /// <summary>Subject: a <see cref="Snapshots.SnapshotReport"/>.</summary>
    SnapshotSent,
    /// <summary>Node: who shall lead.</summary>
    Transfer,
    /// <summary>Subject: what a reader found; the apply worker decides the order in which the replica stops.</summary>
    StoreDamaged,
    /// <summary>The apply worker has stopped the replica.</summary>
    StopReplica,
    /// <summary>Subject: the <see cref="Drain"/> that the loop takes part in.</summary>
    Drain,
}
