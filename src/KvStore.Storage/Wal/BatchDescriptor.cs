namespace KvStore.Storage.Wal;

/// <summary>A whole batch that a scan found, and where.</summary>
internal readonly record struct BatchDescriptor(BatchHeader Header, long Offset)
{
    public long End => Offset + Header.TotalBytes;
}
