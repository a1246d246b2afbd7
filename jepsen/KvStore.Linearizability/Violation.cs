namespace KvStore.Linearizability;

/// <summary>An operation in its place in an order, and what the keys held after it.</summary>
public sealed record PlacedOperation(Operation Operation, string StateAfter);

/// <summary>Why a history is not linearizable.</summary>
/// <param name="Keys">The key, or the keys that transactions connect.</param>
/// <param name="Operation">The first operation that cannot be placed: all that returned before it can be ordered, but not together with it.</param>
/// <param name="LongestPrefix">One order of all that returned before it, with those running at that time that it needed.</param>
/// <param name="PossibleStates">What the keys can have held when it could not be placed (some of it, when there is much).</param>
/// <param name="Neighbours">Operations on these keys that ran at the same time or whose outcome is unknown, in no order.</param>
public sealed record Violation(
    IReadOnlyList<string> Keys,
    Operation Operation,
    IReadOnlyList<PlacedOperation> LongestPrefix,
    IReadOnlyList<string> PossibleStates,
    IReadOnlyList<Operation> Neighbours)
{
    /// <summary>
    /// The limit that ended the search for this evidence; null when it is complete. The verdict stands, but <see cref="LongestPrefix"/> is empty, and on a key that
    /// is only appended to and read an operation after <see cref="Operation"/> may be the first that cannot be placed.
    /// </summary>
    public UnresolvedReason? CutShort { get; init; }

    /// <summary>The key of the operation; of a transaction, all its keys.</summary>
    public string Key => Operation.Transaction is { } transaction ? string.Join(", ", transaction.Keys.Distinct()) : Operation.Key;
}
