namespace KvStore.Client;

/// <summary>No such keyspace, node or group. (A missing key is no error: a get returns null.)</summary>
public sealed class KvNotFoundException : KvException
{
    internal KvNotFoundException(string message, KvOutcome outcome = KvOutcome.NotApplied, Exception? inner = null) : base(message, outcome, inner) { }

    /// <inheritdoc/>
    public override bool IsTransient => false;
}
