namespace KvStore.Linearizability;

/// <summary>What a client asked for.</summary>
public enum OperationKind
{
    Get,
    Put,
    Delete,
    CompareAndSwap,
    Append,
    Transaction,
}
