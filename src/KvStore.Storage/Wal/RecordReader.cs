using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>Walks the records of one batch whose checksum was verified. A record that does not add up makes <see cref="Next"/> throw.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> batch, BatchHeader header)
{
    private readonly ReadOnlySpan<byte> batch = batch;
    private readonly int end = WalFormat.BatchHeaderBytes + (int)header.BodyBytes;
    private int next = WalFormat.BatchHeaderBytes;

    public WalRecordKind Kind { get; private set; }
    public GroupId Group { get; private set; }
    /// <summary>Of an Entries record its first index; of a mark its index.</summary>
    public LogIndex Index { get; private set; }
    public Term Term { get; private set; }
    public int EntryCount { get; private set; }
    /// <summary>Of a Removed record: slots of the votes file up to this generation end with it.</summary>
    public ulong VoteGeneration { get; private set; }
    /// <summary>Of an Entries record: where its first entry stands, from the start of the batch.</summary>
    public int EntriesStart { get; private set; }

    public bool Next()
    {
        if (next >= end) return false;
        Invariant.That(end - next >= WalFormat.RecordHeaderBytes);
        ReadOnlySpan<byte> at = batch[next..end];
#if PLANTED
        if (Plants.Has(PlantedBug.TornBodyAccepted) && at[0] == 0) return false;
#endif
        int bytes = checked((int)WalFormat.Get32(at[4..]));
        ReadOnlySpan<byte> body = at.Slice(WalFormat.RecordHeaderBytes, bytes);
        Kind = (WalRecordKind)at[0];
        Group = new GroupId(WalFormat.Get64(at[8..]));
        ReadBody(body);
        EntriesStart = next + WalFormat.RecordHeaderBytes + WalFormat.EntriesPrefixBytes;
        next += WalFormat.RecordHeaderBytes + bytes;
        return true;
    }

    private void ReadBody(ReadOnlySpan<byte> body)
    {
        switch (Kind)
        {
            case WalRecordKind.Entries:
                Index = new LogIndex(WalFormat.Get64(body));
                EntryCount = checked((int)WalFormat.Get32(body[8..]));
                break;
            case WalRecordKind.Compacted or WalRecordKind.Reset:
                Index = new LogIndex(WalFormat.Get64(body));
                Term = new Term(WalFormat.Get64(body[8..]));
                break;
            case WalRecordKind.Removed:
                VoteGeneration = WalFormat.Get64(body);
                break;
            default:
                Invariant.That(Kind == WalRecordKind.Seal);
                break;
        }
    }
}
