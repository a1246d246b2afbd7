namespace KvStore.Linearizability.Search;

/// <summary>What an operation demands of a state and does to it, with its answer folded in.</summary>
internal enum CompiledKind : byte
{
    /// <summary>The state is A.</summary>
    Get,

    /// <summary>The state becomes A.</summary>
    Put,

    /// <summary>The state is B and becomes A.</summary>
    Swapped,

    /// <summary>The state is not B.</summary>
    Mismatched,

    /// <summary>Becomes A if it is B (outcome unknown).</summary>
    PerhapsSwapped,

    /// <summary>The key exists and is deleted.</summary>
    Existed,

    /// <summary>The key does not exist.</summary>
    Missing,

    /// <summary>The text of A is added to the state.</summary>
    Append,

    /// <summary>Transaction number A.</summary>
    Transaction,
}
