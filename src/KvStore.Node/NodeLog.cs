using KvStore.Raft;
using Microsoft.Extensions.Logging;

namespace KvStore.Node;

/// <summary>Every log message of the node.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(1, LogLevel.Critical, "Worker {Worker} failed; the node stops")]
    public static partial void Failed(ILogger logger, Exception exception, string worker);

    [LoggerMessage(2, LogLevel.Error, "Worker {Worker} failed after the node had failed")]
    public static partial void FailedAgain(ILogger logger, Exception exception, string worker);

    [LoggerMessage(3, LogLevel.Information, "Node {Node} opened {Directory}: cluster {Cluster}, {Groups} groups")]
    public static partial void Opened(ILogger logger, NodeId node, string directory, string cluster, int groups);

    [LoggerMessage(4, LogLevel.Information, "Group {Group}: replica {Replica} is now {Role} in term {Term}, leader on node {Leader}")]
    public static partial void RoleChanged(ILogger logger, GroupId group, ReplicaId replica, RaftRole role, Term term, NodeId leader);

    [LoggerMessage(5, LogLevel.Error, "Group {Group}: replica {Replica} stopped: {Reason}")]
    public static partial void ReplicaStopped(ILogger logger, GroupId group, ReplicaId replica, string reason);

    [LoggerMessage(6, LogLevel.Information, "Group {Group}: created replica {Replica} in {Directory}")]
    public static partial void ReplicaCreated(ILogger logger, GroupId group, ReplicaId replica, string directory);

    [LoggerMessage(7, LogLevel.Information, "Group {Group}: checkpoint at index {Index} is complete; the log is kept from index {First}")]
    public static partial void Checkpointed(ILogger logger, GroupId group, LogIndex index, LogIndex first);

    [LoggerMessage(8, LogLevel.Information, "Group {Group}: sending a snapshot at index {Index} to replica {Replica} on node {Node}")]
    public static partial void SnapshotStarted(ILogger logger, GroupId group, LogIndex index, ReplicaId replica, NodeId node);

    [LoggerMessage(9, LogLevel.Information, "Group {Group}: the snapshot for replica {Replica} ended: {Outcome}")]
    public static partial void SnapshotEnded(ILogger logger, GroupId group, ReplicaId replica, string outcome);

    [LoggerMessage(10, LogLevel.Information, "Group {Group}: installed a snapshot at index {Index}")]
    public static partial void SnapshotInstalled(ILogger logger, GroupId group, LogIndex index);

    [LoggerMessage(11, LogLevel.Warning, "Group {Group}: refused a snapshot chunk: {Reason}")]
    public static partial void SnapshotRefused(ILogger logger, GroupId group, string reason);

    [LoggerMessage(12, LogLevel.Error, "Group {Group}: the state hash at index {Index} differs from replica {Other}'s")]
    public static partial void HashDiffers(ILogger logger, GroupId group, LogIndex index, ReplicaId other);

    [LoggerMessage(13, LogLevel.Warning, "Dropped a message of group {Group} from node {Node}: {Reason}")]
    public static partial void MessageRefused(ILogger logger, GroupId group, NodeId node, string reason);

    [LoggerMessage(14, LogLevel.Warning, "Group {Group}: the log that ended at {Last} lies behind the installed snapshot at {Index} and is discarded")]
    public static partial void LogDiscarded(ILogger logger, GroupId group, LogIndex last, LogIndex index);

    [LoggerMessage(15, LogLevel.Information, "First contact with node {Node}: its incarnation is recorded")]
    public static partial void PeerRecorded(ILogger logger, NodeId node);

    [LoggerMessage(16, LogLevel.Warning, "Group {Group}: no checkpoint for want of room: {Reason}")]
    public static partial void CheckpointRefused(ILogger logger, GroupId group, string reason);
}
