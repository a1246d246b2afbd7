using System.Globalization;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Wal;

/// <summary>
/// Term and vote of every group, each in two copies: all A copies are written and synced, then all B copies. So at every moment at least one copy is
/// whole; two damaged copies can only be damage, and then the node must not vote again under this replica id.
/// </summary>
internal sealed class VoteFile : IDisposable
{
    private const int SlotsAtStart = 16;

    private readonly IFileSystem fileSystem;
    private readonly string directory;
    private readonly ulong walId;
    private readonly Dictionary<GroupId, int> slotOf = [];
    private readonly byte[] block = new byte[VoteSlot.Bytes];
    private readonly List<int> touched = [];
    private VoteSlot[] slots = [];
    private IFile file;

    private VoteFile(IFileSystem fileSystem, string directory, ulong walId, IFile file)
    {
        this.fileSystem = fileSystem;
        this.directory = directory;
        this.walId = walId;
        this.file = file;
    }

    /// <summary>Grows with every slot written; larger than that of any slot. A Removed record names it, so that recovery knows which slots it ends.</summary>
    public ulong Generation { get; private set; }

    /// <summary>The newest batch that is known to have been synced when some slot was written.</summary>
    public ulong SequenceSeen { get; private set; }

    public IEnumerable<(GroupId Group, HardState State, ulong Generation)> States =>
        slots.Where(slot => slot.Group is not null).OrderBy(slot => slot.Group!.Value).Select(slot => (slot.Group!.Value, slot.State, slot.Generation));

    public static string PathIn(string directory) => $"{directory}/{WalFormat.VotesName}";

    public static VoteFile Create(IFileSystem fileSystem, string directory, ulong walId)
    {
        VoteSlot[] empty = new VoteSlot[SlotsAtStart];
        return new VoteFile(fileSystem, directory, walId, Replace(fileSystem, directory, walId, empty)) { slots = empty };
    }

    /// <exception cref="WalCorruptionException">Both copies of a slot are damaged, or the file is of another WAL.</exception>
    public static VoteFile Open(IFileSystem fileSystem, string directory, ulong walId, ILogger logger)
    {
        VoteFile votes = new(fileSystem, directory, walId, fileSystem.Open(PathIn(directory), FileOpen.OpenExisting));
        try
        {
            votes.ReadAll(logger, heal: true);
            return votes;
        }
        catch
        {
            votes.Dispose();
            throw;
        }
    }

    /// <summary>Reads without healing anything.</summary>
    public static VoteFile OpenReadOnly(IFileSystem fileSystem, string directory, ulong walId, ILogger logger)
    {
        VoteFile votes = new(fileSystem, directory, walId, fileSystem.Open(PathIn(directory), FileOpen.ReadOnly));
        votes.ReadAll(logger, heal: false);
        return votes;
    }

    public HardState StateOf(GroupId group) => slotOf.TryGetValue(group, out int slot) ? slots[slot].State : default;

    /// <summary>Durable when it returns. <paramref name="sequence"/> is the newest synced batch.</summary>
    public void Write(IReadOnlyList<(GroupId Group, HardState State)> states, ulong sequence, WalBatchPlan plan)
    {
        if (states.Count == 0) return;
        foreach ((GroupId group, HardState state) in states)
        {
            int slot = SlotFor(group);
            HardState old = slots[slot].State;
            // One vote per term, ever (dissertation §3.4): checked here again, where it becomes durable.
            Invariant.That(plan.IsRemoved(group) || state.Term > old.Term || (state.Term == old.Term && (old.Vote == ReplicaId.None || old.Vote == state.Vote)));
            slots[slot] = new VoteSlot(group, state, ++Generation, sequence);
            touched.Add(slot);
        }
        WriteTouched();
    }

    /// <summary>Forgets a removed group. Durable when it returns.</summary>
    public void Clear(IReadOnlyList<GroupId> groups, ulong sequence)
    {
        foreach (GroupId group in groups)
        {
            if (!slotOf.Remove(group, out int slot)) continue;
            slots[slot] = new VoteSlot(null, default, ++Generation, sequence);
            touched.Add(slot);
        }
        WriteTouched();
    }

    public void Dispose() => file.Dispose();

    private void WriteTouched()
    {
        if (touched.Count == 0) return;
#if PLANTED
        if (Plants.Has(PlantedBug.VoteReverted))
        {
            WriteCopies(VoteCopy.A);
            touched.Clear();
            return;
        }
#endif
        WriteCopies(VoteCopy.A);
        WriteCopies(VoteCopy.B);
        touched.Clear();
    }

    private void WriteCopies(VoteCopy copy)
    {
        foreach (int slot in touched) WriteCopy(slot, copy);
#if PLANTED
        if (Plants.Has(PlantedBug.VoteNotSynced)) return;
#endif
        file.Sync();
    }

    private int SlotFor(GroupId group)
    {
        if (slotOf.TryGetValue(group, out int known)) return known;
        int free = Array.FindIndex(slots, slot => slot.Group is null);
        if (free < 0) free = Grow();
        slotOf.Add(group, free);
        slots[free] = slots[free] with { Group = group };
        return free;
    }

    /// <summary>Twice as many slots in a new file, complete before it takes the name: a slot of the file is never legitimately unreadable.</summary>
    private int Grow()
    {
        WriteTouched();
        int free = slots.Length;
        VoteSlot[] larger = new VoteSlot[free * 2];
        slots.CopyTo(larger, 0);
        file.Dispose();
        file = Replace(fileSystem, directory, walId, larger);
        slots = larger;
        return free;
    }

    private static IFile Replace(IFileSystem fileSystem, string directory, ulong walId, VoteSlot[] slots)
    {
        string path = PathIn(directory);
        string temporary = path + ".new";
        byte[] content = new byte[slots.Length * 2 * VoteSlot.Bytes];
        for (int slot = 0; slot < slots.Length; slot++)
        {
            slots[slot].Write(content.AsSpan((int)OffsetOf(slot, VoteCopy.A, slots.Length)), walId, slot, VoteCopy.A);
            slots[slot].Write(content.AsSpan((int)OffsetOf(slot, VoteCopy.B, slots.Length)), walId, slot, VoteCopy.B);
        }
        using (IFile fresh = fileSystem.Open(temporary, FileOpen.OpenOrCreate))
        {
            fresh.Truncate(0);
            fresh.WriteAt(content, 0);
            fresh.Sync();
        }
        fileSystem.Rename(temporary, path);
        fileSystem.SyncDirectory(directory);
        return fileSystem.Open(path, FileOpen.OpenExisting);
    }

    private static long OffsetOf(int slot, VoteCopy copy, int slots) => ((copy == VoteCopy.A ? 0L : slots) + slot) * VoteSlot.Bytes;

    private void ReadAll(ILogger logger, bool heal)
    {
        long length = file.Length;
        if (length == 0 || length % (2 * VoteSlot.Bytes) != 0)
            throw Damage(string.Create(CultureInfo.InvariantCulture, $"its length of {length} bytes is no multiple of two slots"), 0);
        slots = new VoteSlot[length / (2 * VoteSlot.Bytes)];
        for (int slot = 0; slot < slots.Length; slot++)
        {
            VoteSlot? a = ReadCopy(slot, VoteCopy.A);
            VoteSlot? b = ReadCopy(slot, VoteCopy.B);
#if PLANTED
            if (a is null && b is null && Plants.Has(PlantedBug.VoteDamageIgnored)) a = b = default(VoteSlot);
#endif
            if (a is null && b is null) throw DamageOrForeign(slot);
            VoteSlot newest = b is null || (a is not null && a.Value.Generation >= b.Value.Generation) ? a!.Value : b.Value;
#if PLANTED
            if (Plants.Has(PlantedBug.VoteReverted) && a is not null && b is not null) newest = a.Value.Generation < b.Value.Generation ? a.Value : b.Value;
#endif
            slots[slot] = newest;
            Generation = Math.Max(Generation, newest.Generation);
            SequenceSeen = Math.Max(SequenceSeen, newest.Sequence);
            if (newest.Group is { } group && !slotOf.TryAdd(group, slot)) throw Damage($"group {group} has two slots", OffsetOf(slot, VoteCopy.A, slots.Length));
            if (a == b) continue;
            if (a is null || b is null) WalLog.VoteCopyDamaged(logger, file.Path, slot, a is null ? VoteCopy.A : VoteCopy.B);
            if (heal) Heal(slot, a == newest ? VoteCopy.B : VoteCopy.A);
        }
        if (heal) RewriteAll();
    }

    private void Heal(int slot, VoteCopy copy)
    {
        WriteCopy(slot, copy);
        file.Sync();
    }

    /// <summary>
    /// Writes everything again, as it is, one copy after the other: if a sync before the start had failed, what was read may be in the page cache alone, marked clean, and would go with
    /// the power after this process had relied on it.
    /// </summary>
    private void RewriteAll()
    {
        byte[] copies = new byte[slots.Length * VoteSlot.Bytes];
        for (VoteCopy copy = VoteCopy.A; copy <= VoteCopy.B; copy++)
        {
            for (int slot = 0; slot < slots.Length; slot++) slots[slot].Write(copies.AsSpan(slot * VoteSlot.Bytes), walId, slot, copy);
            file.WriteAt(copies, OffsetOf(0, copy, slots.Length));
            file.Sync();
        }
    }

    private void WriteCopy(int slot, VoteCopy copy)
    {
        slots[slot].Write(block, walId, slot, copy);
        file.WriteAt(block, OffsetOf(slot, copy, slots.Length));
    }

    private VoteSlot? ReadCopy(int slot, VoteCopy copy)
    {
        int count = file.ReadAt(block, OffsetOf(slot, copy, slots.Length));
        return count == VoteSlot.Bytes ? VoteSlot.TryRead(block, walId, slot, copy) : null;
    }

    private WalCorruptionException DamageOrForeign(int slot)
    {
        long offset = OffsetOf(slot, VoteCopy.A, slots.Length);
        file.ReadAt(block, offset);
        return VoteSlot.TryReadOwner(block) is { } owner && owner != walId
            ? Damage($"it belongs to the WAL {owner:x16}, not to {walId:x16}", offset)
            : Damage(string.Create(CultureInfo.InvariantCulture, $"both copies of slot {slot} are damaged"), offset);
    }

    private WalCorruptionException Damage(string what, long offset) => new(
        $"The vote record '{file.Path}' is damaged at offset {offset}: {what}. This replica might vote twice in a term, so the node does not start. Repair: {WalFormat.RepairCommand}", file.Path, offset);
}
