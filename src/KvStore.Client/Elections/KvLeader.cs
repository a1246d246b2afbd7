using KvStore.Protocol.V1.Locking;

namespace KvStore.Client.Elections;

/// <summary>Who leads an election.</summary>
/// <param name="FencingToken">Of its election, greater than every earlier leader's.</param>
/// <param name="Value">What it says of itself.</param>
/// <param name="Lease">The lease that its leadership lives by.</param>
public sealed record KvLeader(ulong FencingToken, KvBytes Value, KvLeaseId Lease)
{
    internal static KvLeader? From(LeaderResponse response) =>
        response.Token == 0 ? null : new KvLeader(response.Token, new KvBytes(response.Value.Memory), new KvLeaseId(response.Lease));
}
