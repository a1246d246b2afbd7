namespace KvStore.Client;

/// <summary>The transaction's keys are not in one colocation unit. Nothing was applied.</summary>
public sealed class KvNotColocatedException : KvException
{
    internal KvNotColocatedException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
