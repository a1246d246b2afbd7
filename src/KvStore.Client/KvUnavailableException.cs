namespace KvStore.Client;

/// <summary>No node could serve the call before its deadline: no connection, or the range has no leader. The message says what was last heard.</summary>
public sealed class KvUnavailableException : KvException
{
    internal KvUnavailableException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
