namespace KvStore.Client;

/// <summary>The transaction's keys are not in one colocation unit: they do not share the prefix up to the first '/'. Nothing was applied.</summary>
public sealed class KvNotColocatedException : KvException
{
    internal KvNotColocatedException(string message, KvBytes key, KvBytes otherKey, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) =>
        (Key, OtherKey) = (key, otherKey);

    /// <summary>The first key, in the transaction's order, that lies elsewhere; or the start of an interval that reaches into another unit.</summary>
    public KvBytes Key { get; }

    /// <summary>What <see cref="Key"/> is not colocated with: the transaction's first key, or the exclusive end of the interval that begins at it (empty: the end of the keyspace).</summary>
    public KvBytes OtherKey { get; }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
