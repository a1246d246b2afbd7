using System.Runtime.ExceptionServices;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Wal;

/// <summary>
/// The node's write-ahead log, shared by all its groups (DESIGN §4, docs/formats/wal.md). <see cref="Write"/>, <see cref="Idle"/> and <see cref="Seal"/> belong to
/// the one WAL writer; the rest may be called from any thread.
/// </summary>
public sealed class Wal : IDisposable
{
    /// <summary>How long the newest batch may stay without a seal behind it: at most 5 ms, the timer's slack included.</summary>
    private static readonly TimeSpan SealDelay = TimeSpan.FromMilliseconds(4);
    /// <summary>How often the free space is looked at while there is too little and nothing is written.</summary>
    private static readonly TimeSpan RoomCheckDelay = TimeSpan.FromSeconds(1);
    private const int PartBytesMax = 4 << 20;
    private const int CheckpointFactor = 4;

    private readonly IFileSystem fileSystem;
    private readonly WalOptions options;
    private readonly ILogger logger;
    private readonly ulong walId;
    private readonly uint seed;
    private readonly int partBytes;
    /// <summary>Guards groups, segments and what readers do with them. Never held during disk access.</summary>
    private readonly Lock gate = new();
    private readonly SortedDictionary<GroupId, GroupLog> groups;
    private readonly SegmentSet segments;
    private readonly VoteFile votes;
    private readonly BatchEncoder encoder;
    private readonly WalBatchPlan plan = new();
    private readonly List<GroupId> removed = [];

    /// <summary>The newest synced batch. Batch n + 1 is written only after batch n was synced.</summary>
    private ulong sequence;
    /// <summary>Where the next batch goes in the current segment.</summary>
    private long end;
    /// <summary>No group needs an entry in a segment below this.</summary>
    private uint floor = 1;
    private bool isSealed = true;
    private MonotonicTime? sealDue;
    private Exception? failure;
    private bool recoveredTaken;
    private volatile bool hasRoom = true;
    private GroupId? pinning;

    private Wal(IFileSystem fileSystem, WalOptions options, ulong walId, ILogger logger, SortedDictionary<GroupId, GroupLog> groups, SegmentSet segments, VoteFile votes)
    {
        this.fileSystem = fileSystem;
        this.options = options;
        this.logger = logger;
        this.groups = groups;
        this.segments = segments;
        this.votes = votes;
        this.walId = walId;
        seed = WalFormat.SeedOf(walId);
        partBytes = Math.Min(PartBytesMax, options.SegmentBytes / 2);
        encoder = new BatchEncoder(walId);
    }

    /// <summary>Opens the WAL in the directory, or creates an empty one. <paramref name="walId"/> is a random number that stays with the directory.</summary>
    /// <exception cref="WalCorruptionException">Damage that is not a torn tail, or files of another WAL.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public static Wal Open(IFileSystem fileSystem, WalOptions options, ulong walId, ILogger logger)
    {
        if (options.SegmentBytes < 4 * WalFormat.BlockBytes || options.SegmentBytes % WalFormat.BlockBytes != 0)
            throw new ArgumentException($"SegmentBytes is {options.SegmentBytes}; expected a multiple of {WalFormat.BlockBytes}, at least {4 * WalFormat.BlockBytes}", nameof(options));
        WalOpening opening = new(fileSystem, options, walId, logger);
        try
        {
            opening.Run();
            Wal wal = new(fileSystem, options, walId, logger, opening.Replay.Groups, opening.Segments, opening.Votes);
            wal.Continue(opening.Chain);
            return wal;
        }
        catch
        {
            opening.Abandon();
            throw;
        }
    }

    /// <summary>The groups found at start, in order of their ids. Callable once; release the list after use: it holds the entries in memory.</summary>
    public IReadOnlyList<WalGroupRecovery> TakeRecovered()
    {
        if (recoveredTaken) throw new InvalidOperationException("the recovered groups were taken already");
        recoveredTaken = true;
        SortedDictionary<GroupId, GroupLog> known = new(groups);
        foreach ((GroupId group, _, _) in votes.States) known.TryAdd(group, new GroupLog(group));
        return [.. known.Values.Select(log => new WalGroupRecovery(log.Group, votes.StateOf(log.Group), log.CompactedIndex, log.CompactedTerm,
            log.IsEmpty ? [] : LogOf(log.Group).Read(log.FirstIndex, log.LastIndex.Next, long.MaxValue)))];
    }

    /// <summary>
    /// Makes the batch durable: its hard states, then its records with one sync (a batch above 4 MiB with several, in order). A hard state counts as
    /// younger than a Removed record of the same group in the same batch. A failure is final: every later call throws the same exception.
    /// </summary>
    /// <exception cref="IOException">The write or the sync failed; nothing of the batch may be acknowledged.</exception>
    public void Write(WalBatch batch)
    {
        ThrowIfFailed();
        try
        {
            WriteBatch(batch);
            CheckRoom();
        }
        catch (Exception reason)
        {
            Fail(reason);
            throw;
        }
    }

    /// <summary>
    /// Writes the seal record when one is due (at most 5 ms after the last sync); called by the WAL writer when its queue is empty. Returns when to
    /// call again if nothing is written before, or null.
    /// </summary>
    public TimeSpan? Idle(MonotonicTime now)
    {
        ThrowIfFailed();
        if (!isSealed)
        {
            sealDue ??= now + SealDelay;
            if (now < sealDue.Value) return sealDue.Value - now;
            Seal();
        }
        if (hasRoom) return null;
        CheckRoom();
        return hasRoom ? null : RoomCheckDelay;
    }

    /// <summary>Writes the seal record now, if the newest batch has none: for an orderly stop.</summary>
    public void Seal()
    {
        ThrowIfFailed();
        if (isSealed) return;
        try
        {
            encoder.Begin();
            encoder.AddSeal();
            WriteEncoded();
            isSealed = true;
            sealDue = null;
        }
        catch (Exception reason)
        {
            Fail(reason);
            throw;
        }
    }

    /// <summary>Reads durable entries back.</summary>
    public ILogSource LogOf(GroupId group) => new LogReader(this, group, seed);

    /// <summary>The group that pins the oldest segment when the WAL has grown past 4 × its target; it should checkpoint and compact.</summary>
    public GroupId? GroupToCheckpoint
    {
        get { lock (gate) return IsTooLarge ? pinning : null; }
    }

    /// <summary>While the WAL is past 4 × its target: up to where a group that checkpoints should forget its log, so that the older half of the segments is free of it. None: it need not forget anything.</summary>
    public LogIndex IndexToForget(GroupId group)
    {
        lock (gate) return IsTooLarge && groups.TryGetValue(group, out GroupLog? log) ? log.LastBelow(segments.Middle) : LogIndex.None;
    }

    private bool IsTooLarge => segments.LiveBytes > CheckpointFactor * options.TargetBytes;

    /// <summary>False when there is too little room left: the node refuses proposals with RESOURCE_EXHAUSTED and reads go on.</summary>
    public bool HasRoom => hasRoom;

    /// <summary>Bytes of the segment files that hold the live log.</summary>
    public long Bytes
    {
        get { lock (gate) return segments.LiveBytes; }
    }

    public void Dispose()
    {
        failure ??= new ObjectDisposedException(nameof(Wal));
        segments.Dispose();
        votes.Dispose();
        encoder.Dispose();
    }

    /// <summary>Where entries of [from, to) stand, as many as lie in one segment and fit; the caller leaves the file when it has read them.</summary>
    internal int Locate(GroupId group, LogIndex from, LogIndex to, Span<EntryLocation> into, out SegmentFile file)
    {
        lock (gate)
        {
            if (!groups.TryGetValue(group, out GroupLog? log) || from < log.FirstIndex || from > log.LastIndex)
                throw new ArgumentOutOfRangeException(nameof(from), from, log is null ? $"group {group} has no log here" : $"group {group} has entries {log.FirstIndex} to {log.LastIndex}");
            LogIndex last = LogIndex.Min(to.Previous, log.LastIndex);
            int count = 0;
            uint segment = log[from].Segment;
            for (LogIndex index = from; index <= last && count < into.Length && log[index].Segment == segment; index = index.Next) into[count++] = log[index];
            file = segments.Find(segment);
            file.Readers++;
            return count;
        }
    }

    internal LogIndex FirstIndexOf(GroupId group)
    {
        lock (gate) return groups[group].FirstIndex;
    }

    internal LogIndex LastIndexOf(GroupId group)
    {
        lock (gate) return groups.TryGetValue(group, out GroupLog? log) ? log.LastIndex : LogIndex.None;
    }

    internal void Leave(SegmentFile file)
    {
        lock (gate) file.Readers--;
    }

    /// <summary>Goes on behind what was recovered.</summary>
    private void Continue(WalChain chain)
    {
        if (chain.Live.Count == 0)
        {
            StartSegment(0);
        }
        else
        {
            sequence = chain.LastSequence;
            end = chain.Newest.End;
            RewriteNewest(chain.Newest);
            lock (gate) floor = FloorOf();
            isSealed = chain.Newest.Batches.Count == 1 || chain.Newest.Batches[^1].Header.IsSeal;
            Seal();
        }
        CheckRoom();
    }

    /// <summary>
    /// Writes the newest batch again, as it is: if the sync before the crash had failed, its bytes may be in the page cache alone, marked clean, and a plain
    /// sync would not write them.
    /// </summary>
    private void RewriteNewest(SegmentScan newest)
    {
        BatchDescriptor batch = newest.Batches[^1];
        byte[] bytes = new byte[batch.Header.TotalBytes];
        int count = segments.Current.File.ReadAt(bytes, batch.Offset);
        Invariant.That(count == bytes.Length);
        segments.Current.File.WriteAt(bytes, batch.Offset);
        segments.Current.File.Sync();
    }

    private void WriteBatch(WalBatch batch)
    {
        ulong voteGeneration = votes.Generation;
        plan.Check(batch, groups);
        votes.Write(batch.HardStates, sequence, plan);
        if (batch.Records.Count == 0) return;
        encoder.Begin();
        plan.Begin();
        foreach (WalRecord record in batch.Records)
        {
            if (record.Kind == WalRecordKind.Entries) EncodeEntries(record);
            else EncodeMark(record, voteGeneration);
        }
        FlushPart();
        ForgetVotes(batch);
    }

    private void EncodeEntries(WalRecord record)
    {
        IReadOnlyList<Entry> entries = record.Entries;
        for (int done = 0; done < entries.Count;)
        {
            FlushIfFull(WalFormat.RecordHeaderBytes + WalFormat.EntriesPrefixBytes + EntryCodec.BytesOf(entries[done]));
            encoder.BeginEntries(record.Group, entries[done].Index);
            do
            {
                plan.AddEntry(record.Group, entries[done].Index, encoder.Position, EntryCodec.BytesOf(entries[done]));
                encoder.AddEntry(record.Group, entries[done]);
                done++;
            }
            while (done < entries.Count && encoder.Position + EntryCodec.BytesOf(entries[done]) <= partBytes);
            encoder.EndEntries();
        }
    }

    private void EncodeMark(WalRecord record, ulong voteGeneration)
    {
        FlushIfFull(WalFormat.RecordHeaderBytes + WalFormat.MarkBytes);
        if (record.Kind == WalRecordKind.Removed) encoder.AddRemoved(record.Group, voteGeneration);
        else encoder.AddMark(record.Kind, record.Group, record.Index, record.Term);
        plan.AddMark(record);
    }

    private void FlushIfFull(int bytes)
    {
        if (!encoder.IsEmpty && encoder.Position + bytes > partBytes) FlushPart();
    }

    private void FlushPart()
    {
        if (encoder.IsEmpty) return;
        long start = WriteEncoded();
        isSealed = false;
        sealDue = null;
        lock (gate)
        {
            if (plan.ApplyTo(groups, segments.Current.Segment, start)) floor = FloorOf();
        }
        encoder.Begin();
        plan.Begin();
    }

    /// <summary>Writes and syncs the batch in the encoder; returns its offset in the segment.</summary>
    private long WriteEncoded()
    {
        if (end + encoder.TotalBytes > segments.Current.Length) StartSegment(encoder.TotalBytes);
        long offset = end;
        WriteAndSync(segments.Current, encoder.Finish(segments.Current.Segment, sequence + 1, floor, offset), offset);
        return offset;
    }

    /// <summary>
    /// The next segment, with room for the batch. It begins with every group's compaction point, so that the marks in older segments may be forgotten
    /// with them.
    /// </summary>
    private void StartSegment(int batchBytes)
    {
        using BatchEncoder head = new(walId);
        foreach (GroupLog log in groups.Values)
            if (log.CompactedIndex > LogIndex.None) head.AddMark(WalRecordKind.Compacted, log.Group, log.CompactedIndex, log.CompactedTerm);
        SegmentFile file = segments.TakeOrCreate((long)head.TotalBytes + batchBytes);
        file.Segment = segments.IsEmpty ? 1 : segments.Current.Segment + 1;
        lock (gate)
        {
            segments.AddLive(file);
            floor = FloorOf();
        }
        WriteAndSync(file, head.Finish(file.Segment, sequence + 1, floor, 0), 0);
    }

    private void WriteAndSync(SegmentFile file, ReadOnlySpan<byte> bytes, long offset)
    {
#if PLANTED
        PlantedWriteAndSync(file.File, bytes, offset);
#else
        file.File.WriteDirectAt(bytes, offset);
        file.File.Sync();
#endif
        sequence++;
        end = offset + bytes.Length;
        List<SegmentFile>? released;
        lock (gate) released = segments.Release(floor);
        if (released is null) return;
        foreach (SegmentFile unused in released) segments.AddFree(unused);
    }

#if PLANTED
    private static void PlantedWriteAndSync(IFile file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            file.WriteDirectAt(bytes, offset);
        }
        catch (DiskFullException) when (Plants.Has(PlantedBug.DiskFullIgnored))
        {
            return;
        }
        try
        {
            if (!Plants.Has(PlantedBug.NoSync)) file.Sync();
        }
        catch (IOException) when (Plants.Has(PlantedBug.SyncFailureIgnored))
        {
            return;
        }
        catch (IOException) when (Plants.Has(PlantedBug.SyncRetried))
        {
            file.Sync();
        }
    }
#endif

    /// <summary>The lowest segment that a group needs, and which group that is.</summary>
    private uint FloorOf()
    {
        uint lowest = segments.Current.Segment;
        pinning = null;
        foreach (GroupLog log in groups.Values)
        {
            if (log.IsEmpty || (pinning is not null && log.FirstSegment >= lowest)) continue;
            lowest = log.FirstSegment;
            pinning = log.Group;
        }
        return lowest;
    }

    private void ForgetVotes(WalBatch batch)
    {
        removed.Clear();
        foreach (WalRecord record in batch.Records)
            if (record.Kind == WalRecordKind.Removed && !HasHardState(batch, record.Group)) removed.Add(record.Group);
        votes.Clear(removed, sequence);
    }

    private static bool HasHardState(WalBatch batch, GroupId group)
    {
        foreach ((GroupId written, _) in batch.HardStates)
            if (written == group) return true;
        return false;
    }

#if PLANTED
    private void CheckRoom() => hasRoom = Plants.Has(PlantedBug.DiskFullIgnored) || fileSystem.AvailableBytes(options.Directory) >= options.ReserveBytes;
#else
    private void CheckRoom() => hasRoom = fileSystem.AvailableBytes(options.Directory) >= options.ReserveBytes;
#endif

    private void Fail(Exception reason)
    {
        if (failure is null) WalLog.WriteFailed(logger, reason);
        failure ??= reason;
    }

    private void ThrowIfFailed()
    {
        if (failure is not null) ExceptionDispatchInfo.Throw(failure);
    }
}
