using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>
/// One entry inside an Entries record: checksum, length, term, kind, payload. The checksum also covers group and index, so that an entry read
/// back by location can be no other.
/// </summary>
internal static class EntryCodec
{
    public static int BytesOf(Entry entry) => WalFormat.EntryHeaderBytes + entry.Payload.Length;

    public static void Write(Span<byte> at, GroupId group, Entry entry, uint seed)
    {
        ReadOnlySpan<byte> payload = entry.Payload.Span;
        WalFormat.Put32(at[4..], (uint)payload.Length);
        WalFormat.Put64(at[8..], entry.Term.Value);
        WalFormat.Put32(at[16..], (byte)entry.Kind);
        payload.CopyTo(at[WalFormat.EntryHeaderBytes..]);
        WalFormat.Put32(at, Checksum(at, payload.Length, group, entry.Index, seed));
    }

    /// <summary>The bytes of the entry that stands here, or 0 when they do not fit into what is given.</summary>
    public static int Measure(ReadOnlySpan<byte> at)
    {
        if (at.Length < WalFormat.EntryHeaderBytes) return 0;
        uint payload = WalFormat.Get32(at[4..]);
        return payload <= at.Length - WalFormat.EntryHeaderBytes ? WalFormat.EntryHeaderBytes + (int)payload : 0;
    }

    public static Term TermOf(ReadOnlySpan<byte> at) => new(WalFormat.Get64(at[8..]));

    /// <summary>Null when the bytes are not this entry.</summary>
    public static Entry? TryRead(ReadOnlySpan<byte> at, GroupId group, LogIndex index, uint seed)
    {
        int bytes = Measure(at);
        if (bytes == 0) return null;
        int payload = bytes - WalFormat.EntryHeaderBytes;
#if PLANTED
        if (!Plants.Has(PlantedBug.TornBodyAccepted))
#endif
        if (WalFormat.Get32(at) != Checksum(at, payload, group, index, seed)) return null;
        return new Entry(TermOf(at), index, (EntryKind)at[16], at.Slice(WalFormat.EntryHeaderBytes, payload).ToArray());
    }

    private static uint Checksum(ReadOnlySpan<byte> at, int payload, GroupId group, LogIndex index, uint seed) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Append(seed, group.Value), index.Value), at[4..(WalFormat.EntryHeaderBytes + payload)]);
}
