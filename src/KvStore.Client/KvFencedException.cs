namespace KvStore.Client;

/// <summary>The write's fencing token is not the newest any more. Nothing was applied.</summary>
public sealed class KvFencedException : KvException
{
    internal KvFencedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
