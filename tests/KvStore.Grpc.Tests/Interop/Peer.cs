namespace KvStore.Grpc.Tests.Interop;

/// <summary>A foreign gRPC implementation that <c>install-peers.sh</c> installs.</summary>
public enum Peer
{
    /// <summary>Debian's python3-grpcio, which is gRPC's C core.</summary>
    Python,

    /// <summary>@grpc/grpc-js on Node.js.</summary>
    NodeJs,

    /// <summary>etcd, which is grpc-go.</summary>
    Etcd,
}
