using System.Buffers;
using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>One group's durable entries, read back by location. Neighbours in a segment are read together.</summary>
internal sealed class LogReader(Wal wal, GroupId group, uint seed) : ILogSource
{
    private const int SpanBytesMax = 256 << 10;
    private const int EntriesAtOnce = 512;

    public IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax)
    {
        List<Entry> entries = [];
        long bytes = 0;
        EntryLocation[] locations = ArrayPool<EntryLocation>.Shared.Rent(EntriesAtOnce);
        try
        {
            while (from < to && (entries.Count == 0 || from <= wal.LastIndexOf(group)))
            {
                int count = wal.Locate(group, from, to, locations.AsSpan(0, EntriesAtOnce), out SegmentFile file);
                if (count == 0) break;
                try
                {
                    if (!ReadFrom(file, locations.AsSpan(0, count), from, entries, ref bytes, bytesMax)) return entries;
                }
                finally
                {
                    wal.Leave(file);
                }
                from += (ulong)count;
            }
            return entries;
        }
        finally
        {
            ArrayPool<EntryLocation>.Shared.Return(locations);
        }
    }

    /// <summary>False when <paramref name="bytesMax"/> was reached.</summary>
    private bool ReadFrom(SegmentFile file, ReadOnlySpan<EntryLocation> locations, LogIndex first, List<Entry> entries, ref long bytes, long bytesMax)
    {
        for (int done = 0; done < locations.Length;)
        {
            int together = Together(locations[done..], bytesMax - bytes);
            uint start = locations[done].Offset;
            int length = (int)(locations[done + together - 1].Offset - start) + locations[done + together - 1].Bytes;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                int count = file.File.ReadAt(buffer.AsSpan(0, length), start);
                for (int i = 0; i < together; i++, done++)
                {
                    Entry entry = Decode(file, buffer.AsSpan(0, count), (int)(locations[done].Offset - start), locations[done], first + (ulong)done);
                    if (entries.Count > 0 && bytes + entry.Size > bytesMax) return false;
                    entries.Add(entry);
                    bytes += entry.Size;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        return true;
    }

    private static int Together(ReadOnlySpan<EntryLocation> locations, long bytesLeft)
    {
        long spanMax = Math.Clamp(bytesLeft, 0, SpanBytesMax);
        int count = 1;
        while (count < locations.Length && locations[count].Offset + locations[count].Bytes - (long)locations[0].Offset <= spanMax) count++;
        return count;
    }

    private Entry Decode(SegmentFile file, ReadOnlySpan<byte> read, int at, EntryLocation location, LogIndex index)
    {
        Entry? entry = at + location.Bytes <= read.Length ? EntryCodec.TryRead(read.Slice(at, location.Bytes), group, index, seed) : null;
        return entry ?? throw new WalCorruptionException(
            $"The WAL is damaged at offset {location.Offset} of '{file.File.Path}': entry {index} of group {group} does not match its checksum. Repair: {WalFormat.RepairCommand}",
            file.File.Path, location.Offset);
    }
}
