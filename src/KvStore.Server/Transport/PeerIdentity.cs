using KvStore.Raft;

namespace KvStore.Server.Transport;

/// <summary>Who this node is to its peers.</summary>
internal sealed record PeerIdentity(ReadOnlyMemory<byte> ClusterId, NodeId Node, ReadOnlyMemory<byte> Incarnation);
