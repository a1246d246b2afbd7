namespace KvStore.Storage.Wal;

/// <summary>Where an entry's header and payload stand: segment id, byte offset in its file, bytes together.</summary>
internal readonly record struct EntryLocation(uint Segment, uint Offset, int Bytes);
