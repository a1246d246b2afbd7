namespace KvStore.Client;

/// <summary>The cluster refused the call until the deadline because its queues, memory or disk are full. Nothing was applied.</summary>
public sealed class KvResourceExhaustedException : KvException
{
    internal KvResourceExhaustedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
