using KvStore.Raft;
using KvStore.Storage.FileSystem;
using KvStore.Storage.Wal;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Storage.Tests.Wal;

/// <summary>Short words for WAL tests: a small WAL on a file system in memory.</summary>
internal static class WalBench
{
    public const ulong Id = 0x1122334455667788;
    public const string WalDirectory = "/wal";

    public static WalOptions Options(int segmentBytes = 64 << 10, long targetBytes = 256 << 10, long reserveBytes = 0) =>
        new() { Directory = WalDirectory, SegmentBytes = segmentBytes, TargetBytes = targetBytes, ReserveBytes = reserveBytes };

    public static Storage.Wal.Wal Open(IFileSystem fileSystem, WalOptions? options = null) =>
        Storage.Wal.Wal.Open(fileSystem, options ?? Options(), Id, NullLogger.Instance);

    public static Entry EntryAt(ulong index, ulong term = 1, int bytes = 100)
    {
        byte[] payload = new byte[bytes];
        for (int i = 0; i < bytes; i++) payload[i] = (byte)(index * 31 + term * 7 + (ulong)i);
        return new Entry(new Term(term), new LogIndex(index), EntryKind.Normal, payload);
    }

    public static Entry[] Entries(ulong from, ulong to, ulong term = 1, int bytes = 100) =>
        [.. Enumerable.Range(0, (int)(to - from + 1)).Select(i => EntryAt(from + (ulong)i, term, bytes))];

    public static WalBatch Batch(params WalRecord[] records)
    {
        WalBatch batch = new();
        batch.Records.AddRange(records);
        return batch;
    }

    public static WalBatch Vote(this WalBatch batch, ulong group, ulong term, ulong vote = 0)
    {
        batch.HardStates.Add((new GroupId(group), new HardState(new Term(term), new ReplicaId(vote))));
        return batch;
    }

    public static WalRecord Append(ulong group, ulong from, ulong to, ulong term = 1, int bytes = 100) => WalRecord.Append(new GroupId(group), Entries(from, to, term, bytes));

    public static WalRecord Compacted(ulong group, ulong index, ulong term = 1) => WalRecord.Compacted(new GroupId(group), new LogIndex(index), new Term(term));

    public static WalRecord Reset(ulong group, ulong index, ulong term = 1) => WalRecord.Reset(new GroupId(group), new LogIndex(index), new Term(term));

    public static WalRecord Removed(ulong group) => WalRecord.Removed(new GroupId(group));

    /// <summary>A group as one line: hard state, compaction point, entries with a checksum of their payloads.</summary>
    public static string Show(WalGroupRecovery group) =>
        $"{group.Group}: term {group.HardState.Term} vote {group.HardState.Vote} after {group.CompactedIndex}/{group.CompactedTerm}: "
        + string.Join(' ', group.Entries.Select(entry => $"{entry.Index}/{entry.Term}#{Crc32C.Of(entry.Payload.Span):x8}"));

    public static string Show(IEnumerable<WalGroupRecovery> groups) => string.Join('\n', groups.Select(Show));

    public static string Recover(IFileSystem fileSystem, WalOptions? options = null)
    {
        using Storage.Wal.Wal wal = Open(fileSystem, options);
        return Show(wal.TakeRecovered());
    }
}
