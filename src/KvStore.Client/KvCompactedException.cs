namespace KvStore.Client;

/// <summary>The revision that was asked for is gone from the history.</summary>
public sealed class KvCompactedException : KvException
{
    internal KvCompactedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
