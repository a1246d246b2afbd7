namespace KvStore.Client;

/// <summary>The request breaks a limit or names something impossible. The message names the field and the limit. Nothing was applied.</summary>
public sealed class KvInvalidArgumentException : KvException
{
    internal KvInvalidArgumentException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
