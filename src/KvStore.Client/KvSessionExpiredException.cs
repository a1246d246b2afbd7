namespace KvStore.Client;

/// <summary>The client session of a write that was sent before ended (idle for longer than its time to live), so whether that write took effect cannot be known any more. Later writes use a new session.</summary>
public sealed class KvSessionExpiredException : KvException
{
    internal KvSessionExpiredException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
