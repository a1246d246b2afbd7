namespace KvStore.Client;

/// <summary>A node reported a defect or an answer could not be understood.</summary>
public sealed class KvInternalException : KvException
{
    internal KvInternalException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
