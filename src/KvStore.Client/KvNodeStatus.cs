using KvStore.Protocol.V1;

namespace KvStore.Client;

/// <summary>What a node says about itself.</summary>
/// <param name="NodeId">Its id.</param>
/// <param name="ClusterId">Hexadecimal; empty before it belongs to a cluster.</param>
/// <param name="Version">Of the server program.</param>
/// <param name="Ready">Whether it serves.</param>
/// <param name="NotReadyReason">Why it does not serve; empty when it does.</param>
/// <param name="Uptime">Since its start.</param>
/// <param name="WalBytes">Size of its write-ahead log in bytes.</param>
/// <param name="Replicas">Its replicas by group.</param>
public sealed record KvNodeStatus(ulong NodeId, string ClusterId, string Version, bool Ready, string NotReadyReason, TimeSpan Uptime, long WalBytes, IReadOnlyList<KvReplicaStatus> Replicas)
{
    internal static KvNodeStatus From(StatusResponse status) => new(
        status.NodeId,
        status.ClusterId,
        status.Version,
        status.Ready,
        status.NotReadyReason,
        TimeSpan.FromMilliseconds(status.UptimeMs),
        (long)status.WalBytes,
        [.. status.Replicas.OrderBy(r => r.GroupId).Select(KvReplicaStatus.From)]);
}

/// <summary>What a node says about one of its replicas.</summary>
/// <param name="Group">The group that it is a replica of.</param>
/// <param name="Id">The replica's id.</param>
/// <param name="Role">leader, follower, candidate, pre-candidate or stopped.</param>
/// <param name="Term">Its Raft term.</param>
/// <param name="Leader">The group's leading node as it believes; 0: unknown.</param>
/// <param name="CommitIndex">Up to here the log is committed.</param>
/// <param name="AppliedIndex">Up to here the log is applied.</param>
/// <param name="LastIndex">The end of its log.</param>
/// <param name="FirstIndex">The begin of its log.</param>
/// <param name="Keys">Keys that it holds.</param>
/// <param name="Sessions">Client sessions that it holds.</param>
/// <param name="StateHash">Hexadecimal hash over all that was applied; replicas with the same applied index have the same.</param>
/// <param name="StoppedReason">Why it stopped; empty when it runs.</param>
public sealed record KvReplicaStatus(ulong Group, ulong Id, string Role, ulong Term, ulong Leader, ulong CommitIndex, ulong AppliedIndex, ulong LastIndex, ulong FirstIndex, ulong Keys, ulong Sessions, string StateHash, string StoppedReason)
{
    internal static KvReplicaStatus From(ReplicaStatus r) => new(r.GroupId, r.ReplicaId, r.Role, r.Term, r.LeaderNode, r.CommitIndex, r.AppliedIndex, r.LastIndex, r.FirstIndex, r.Keys, r.Sessions,
        Convert.ToHexStringLower(r.StateHash.Span), r.StoppedReason);
}
