namespace KvStore.Client;

/// <summary>The write names a lease that is unknown or has ended. Nothing was applied.</summary>
public sealed class KvLeaseNotFoundException : KvException
{
    internal KvLeaseNotFoundException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
