namespace KvStore.Node.StateMachine.Transactions;

/// <summary>What one transaction may do. Frozen: apply checks it, so all replicas must agree.</summary>
internal static class TransactionLimits
{
    /// <summary>A transaction that holds no other one is 1 deep.</summary>
    public const int DepthMax = 8;
    /// <summary>Keys that compares, gets and deletes look at, together: about 0.2 s of the apply thread.</summary>
    public const int KeysVisitedMax = 1_000_000;
    /// <summary>Of the serialized response. With its header and the frame around it, it fits in a gRPC message of 4 MiB.</summary>
    public const int ResponseBytesMax = (4 << 20) - 1024;
}
