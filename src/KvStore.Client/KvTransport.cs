namespace KvStore.Client;

/// <summary>How operations travel to the nodes. Both ways have the same guarantees.</summary>
public enum KvTransport
{
    /// <summary>Batched on one bidirectional stream per node: the fast way.</summary>
    Session,
    /// <summary>One gRPC call per operation: for comparison, debugging, and programs that do one operation and end.</summary>
    Unary,
}
