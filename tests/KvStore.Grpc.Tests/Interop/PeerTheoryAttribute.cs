namespace KvStore.Grpc.Tests.Interop;

/// <inheritdoc cref="PeerFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerTheoryAttribute : TheoryAttribute
{
    public PeerTheoryAttribute(Peer peer) => Skip = Peers.ReasonToSkip(peer);
}
