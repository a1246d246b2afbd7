namespace KvStore.Client;

/// <summary>The stored state does not allow the operation, for example an increment of a value that is no number. Nothing was applied.</summary>
public sealed class KvPreconditionFailedException : KvException
{
    internal KvPreconditionFailedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
