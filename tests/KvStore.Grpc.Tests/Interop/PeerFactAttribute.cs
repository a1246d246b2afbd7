namespace KvStore.Grpc.Tests.Interop;

/// <summary>A test that needs a peer. Without it the test is skipped by name; where <c>KVSTORE_REQUIRE_INTEROP=1</c> it runs and fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute(Peer peer) => Skip = Peers.ReasonToSkip(peer);
}
