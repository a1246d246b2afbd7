namespace KvStore.Client;

/// <summary>The revision that was asked for does not exist yet.</summary>
public sealed class KvFutureRevisionException : KvException
{
    internal KvFutureRevisionException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
