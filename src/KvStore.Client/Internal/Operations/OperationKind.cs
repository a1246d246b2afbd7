namespace KvStore.Client.Internal.Operations;

/// <summary>Numbers are those of the oneof fields of kvstore.v1 Operation.</summary>
internal enum OperationKind
{
    Get = 2,
    Put = 3,
    Delete = 4,
    CompareAndSwap = 5,
    Increment = 6,
    Transaction = 10,
}
