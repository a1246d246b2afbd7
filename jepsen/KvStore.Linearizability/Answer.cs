namespace KvStore.Linearizability;

/// <summary>What a completed compare-and-swap or delete told its client.</summary>
public enum Answer
{
    /// <summary>Nothing: the operation has no such answer, or did not report it.</summary>
    None,

    /// <summary>Compare-and-swap: the key held the expected value and was changed.</summary>
    Swapped,

    /// <summary>Compare-and-swap: the key held another value and was left alone.</summary>
    Mismatched,

    /// <summary>Delete: the key existed until then.</summary>
    Existed,

    /// <summary>Delete: the key did not exist.</summary>
    Missing,
}
