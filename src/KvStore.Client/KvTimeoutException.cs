namespace KvStore.Client;

/// <summary>The call's deadline passed while an attempt was under way. A write may have taken effect when <see cref="KvException.OutcomeUnknown"/> is set.</summary>
public sealed class KvTimeoutException : KvException
{
    internal KvTimeoutException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
