using KvStore.Raft;

namespace KvStore.Storage.Wal;

/// <summary>One copy of one group's hard state in the votes file (docs/formats/votes.md). An unused slot has no group.</summary>
internal readonly record struct VoteSlot(GroupId? Group, HardState State, ulong Generation, ulong Sequence)
{
    public const int Bytes = 4096;
    private const uint Magic = 0x5456564B; // "KVVT"
    private const ushort Version = 1;
    private const int ChecksumOffset = Bytes - sizeof(uint);

    public void Write(Span<byte> at, ulong walId, int slot, VoteCopy copy)
    {
        at[..Bytes].Clear();
        WalFormat.Put32(at, Magic);
        WalFormat.Put16(at[4..], Version);
        at[6] = (byte)copy;
        at[7] = (byte)(Group is null ? 0 : 1);
        WalFormat.Put64(at[8..], walId);
        WalFormat.Put32(at[16..], (uint)slot);
        WalFormat.Put64(at[24..], Generation);
        WalFormat.Put64(at[32..], Group?.Value ?? 0);
        WalFormat.Put64(at[40..], State.Term.Value);
        WalFormat.Put64(at[48..], State.Vote.Value);
        WalFormat.Put64(at[56..], Sequence);
        WalFormat.Put32(at[ChecksumOffset..], Crc32C.Append(WalFormat.SeedOf(walId), at[..ChecksumOffset]));
    }

    /// <summary>Null when this is not a whole copy of this slot.</summary>
    public static VoteSlot? TryRead(ReadOnlySpan<byte> at, ulong walId, int slot, VoteCopy copy)
    {
        if (WalFormat.Get32(at) != Magic || WalFormat.Get32(at[ChecksumOffset..]) != Crc32C.Append(WalFormat.SeedOf(walId), at[..ChecksumOffset])) return null;
        if (WalFormat.Get16(at[4..]) != Version || at[6] != (byte)copy || WalFormat.Get32(at[16..]) != (uint)slot) return null;
        GroupId? group = at[7] == 0 ? null : new GroupId(WalFormat.Get64(at[32..]));
        return new VoteSlot(group, new HardState(new Term(WalFormat.Get64(at[40..])), new ReplicaId(WalFormat.Get64(at[48..]))), WalFormat.Get64(at[24..]), WalFormat.Get64(at[56..]));
    }

    /// <summary>The WAL id that a whole copy states; null when the copy is damaged.</summary>
    public static ulong? TryReadOwner(ReadOnlySpan<byte> at)
    {
        ulong walId = WalFormat.Get64(at[8..]);
        return WalFormat.Get32(at) == Magic && WalFormat.Get32(at[ChecksumOffset..]) == Crc32C.Append(WalFormat.SeedOf(walId), at[..ChecksumOffset]) ? walId : null;
    }
}

/// <summary>Which of the two copies; persisted.</summary>
internal enum VoteCopy : byte { A = 0, B = 1 }
