using System.Runtime.InteropServices;
using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>Builds one batch in a reused, block-aligned buffer: each payload is copied once, nothing is allocated for an entry.</summary>
internal sealed unsafe class BatchEncoder : IDisposable
{
    /// <summary>A larger buffer, which one huge entry needed, is given back after its batch.</summary>
    private const int KeptBytesMax = 16 << 20;

    private readonly ulong walId;
    private readonly uint seed;
    private byte* buffer;
    private int capacity;
    private int length;
    private uint records;
    /// <summary>Start of the open Entries record, 0 when none is open.</summary>
    private int openRecord;
    private int openEntries;

    public BatchEncoder(ulong walId)
    {
        this.walId = walId;
        seed = WalFormat.SeedOf(walId);
        EnsureRoom(64 << 10);
        Begin();
    }

    /// <summary>Bytes that the batch would take on disk if it ended here.</summary>
    public int TotalBytes => WalFormat.Align(length);
    public bool IsEmpty => records == 0;
    /// <summary>Where the next byte goes, counted from the start of the batch.</summary>
    public int Position => length;

    public void Begin()
    {
        if (capacity > KeptBytesMax) Resize(KeptBytesMax);
        length = WalFormat.BatchHeaderBytes;
        records = 0;
        openRecord = 0;
    }

    public void BeginEntries(GroupId group, LogIndex first)
    {
        openRecord = length;
        openEntries = 0;
        Span<byte> at = Take(WalFormat.RecordHeaderBytes + WalFormat.EntriesPrefixBytes);
        WriteRecordHeader(at, WalRecordKind.Entries, group, 0);
        WalFormat.Put64(at[16..], first.Value);
        WalFormat.Put64(at[24..], 0);
    }

    public void AddEntry(GroupId group, Entry entry)
    {
        EntryCodec.Write(Take(EntryCodec.BytesOf(entry)), group, entry, seed);
        openEntries++;
    }

    public void EndEntries()
    {
        Invariant.That(openRecord != 0 && openEntries > 0);
        Span<byte> at = new(buffer + openRecord, WalFormat.RecordHeaderBytes + WalFormat.EntriesPrefixBytes);
        WalFormat.Put32(at[4..], (uint)(length - openRecord - WalFormat.RecordHeaderBytes));
        WalFormat.Put32(at[24..], (uint)openEntries);
        openRecord = 0;
        records++;
    }

    public void AddMark(WalRecordKind kind, GroupId group, LogIndex index, Term term)
    {
        Span<byte> at = Take(WalFormat.RecordHeaderBytes + WalFormat.MarkBytes);
        WriteRecordHeader(at, kind, group, WalFormat.MarkBytes);
        WalFormat.Put64(at[16..], index.Value);
        WalFormat.Put64(at[24..], term.Value);
        records++;
    }

    public void AddRemoved(GroupId group, ulong voteGeneration)
    {
        Span<byte> at = Take(WalFormat.RecordHeaderBytes + WalFormat.RemovedBytes);
        WriteRecordHeader(at, WalRecordKind.Removed, group, WalFormat.RemovedBytes);
        WalFormat.Put64(at[16..], voteGeneration);
        records++;
    }

    public void AddSeal()
    {
        WriteRecordHeader(Take(WalFormat.RecordHeaderBytes), WalRecordKind.Seal, default, 0);
        records++;
    }

    /// <summary>The finished bytes, valid until the next <see cref="Begin"/>.</summary>
    public ReadOnlySpan<byte> Finish(ulong segment, ulong sequence, ulong floor, long offset)
    {
        Invariant.That(openRecord == 0 && offset % WalFormat.BlockBytes == 0);
        int total = TotalBytes;
        uint body = (uint)(length - WalFormat.BatchHeaderBytes);
        Take(total - length).Clear();
        Span<byte> batch = new(buffer, total);
        uint checksum = Crc32C.Append(seed, batch[WalFormat.BatchHeaderBytes..]);
        new BatchHeader(walId, segment, sequence, floor, (uint)(offset / WalFormat.BlockBytes), body, records, checksum).Write(batch, seed);
        return batch;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(buffer);
        buffer = null;
        capacity = 0;
    }

    private static void WriteRecordHeader(Span<byte> at, WalRecordKind kind, GroupId group, int bytes)
    {
        WalFormat.Put32(at, (byte)kind);
        WalFormat.Put32(at[4..], (uint)bytes);
        WalFormat.Put64(at[8..], group.Value);
    }

    private Span<byte> Take(int bytes)
    {
        EnsureRoom(bytes);
        Span<byte> taken = new(buffer + length, bytes);
        length += bytes;
        return taken;
    }

    private void EnsureRoom(int bytes)
    {
        if (capacity - length < bytes) Resize(WalFormat.Align(Math.Max((long)capacity * 2, (long)length + bytes)));
    }

    private void Resize(int bytes)
    {
        byte* larger = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, WalFormat.BlockBytes);
        new ReadOnlySpan<byte>(buffer, Math.Min(length, bytes)).CopyTo(new Span<byte>(larger, bytes));
        NativeMemory.AlignedFree(buffer);
        buffer = larger;
        capacity = bytes;
    }
}
