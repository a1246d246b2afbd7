namespace KvStore.Client;

/// <summary>The caller may not do that.</summary>
public sealed class KvPermissionDeniedException : KvException
{
    internal KvPermissionDeniedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
