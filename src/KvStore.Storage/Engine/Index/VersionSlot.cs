using System.Runtime.InteropServices;

namespace KvStore.Storage.Engine.Index;

/// <summary>What the index keeps of one record: one cache line.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionSlot
{
    public ulong Modified;
    public ulong Create;
    public ulong Version;
    public ulong Lease;
    public uint Sub;
    /// <summary>Value length in the lower 31 bits, the tombstone flag in the highest.</summary>
    public uint LengthAndFlag;
    /// <summary>Which stay of the range's lineage wrote the record; 0 is the range's own.</summary>
    public int Lineage;
    /// <summary>The entry (key) that it belongs to.</summary>
    public int Owner;
    /// <summary>The key's next older version; 0 when there is none.</summary>
    public int Older;
    /// <summary>A version further back (skew-binary distances), so that a search in a long history takes logarithmic time. It may have been freed: see <see cref="KeyIndex"/>.</summary>
    public int Jump;
    public uint Depth;
    private readonly uint _unused;

    public readonly bool IsTombstone => (LengthAndFlag & 0x8000_0000) != 0;
    public readonly int ValueLength => (int)(LengthAndFlag & 0x7FFF_FFFF);
    public readonly bool IsAfter(in VersionSlot other) => Modified != other.Modified ? Modified > other.Modified : Sub > other.Sub;
    public readonly KeyState State => new(new Revision(Create), new Revision(Modified), Version, Lease);

    public static VersionSlot Of(in StoredRecord record, int lineage) => new()
    {
        Modified = record.Modified.Value, Create = record.Create.Value, Version = record.Version, Lease = record.Lease, Sub = record.Sub,
        LengthAndFlag = (uint)record.ValueLength | (record.IsTombstone ? 0x8000_0000 : 0), Lineage = lineage,
    };
}

/// <summary>One key of the index.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct EntrySlot
{
    /// <summary>Where its bytes are (<see cref="KeyBytes"/>).</summary>
    public ulong Key;
    /// <summary>Its newest version; 0 while it has none.</summary>
    public int Newest;
    /// <summary>Its oldest version: the only one that may be at or before what was dropped. While the index is rebuilt, the newest at or before the compaction revision, before it is linked.</summary>
    public int Oldest;
}
