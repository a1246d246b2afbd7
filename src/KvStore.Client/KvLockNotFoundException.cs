namespace KvStore.Client;

/// <summary>The fencing token was never given out, so no lock was ever held with it. Nothing was applied.</summary>
public sealed class KvLockNotFoundException : KvException
{
    internal KvLockNotFoundException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
