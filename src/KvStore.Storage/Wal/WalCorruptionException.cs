namespace KvStore.Storage.Wal;

/// <summary>The WAL or the vote record is damaged; the message names file, offset and the repair command. The node refuses to start.</summary>
public sealed class WalCorruptionException(string message, string file, long offset) : IOException(message)
{
    public string File { get; } = file;
    public long Offset { get; } = offset;
}
