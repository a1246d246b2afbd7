using System.Buffers.Binary;

namespace KvStore.Storage.Engine;

/// <summary>
/// The bytes of one record, parsed in place (docs/formats/engine.md). The checksum covers all of it, and revision and sub are part of it, so that
/// a record that was read under a wrong id is found out.
/// </summary>
public readonly ref struct StoredRecord
{
    internal const int HeaderBytes = 48;
    private const byte Format = 1;
    private const byte TombstoneFlag = 1;

    /// <summary>The longest key that the engine takes (the API's limit is lower).</summary>
    public const int KeyBytesMax = 8 << 10;

    private readonly ReadOnlySpan<byte> _bytes;

    private StoredRecord(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public Revision Modified => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes[8..]));
    public Revision Create => new(BinaryPrimitives.ReadUInt64LittleEndian(_bytes[16..]));
    /// <summary>The number of writes to the key since its creation, this one included.</summary>
    public ulong Version => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[24..]);
    public ulong Lease => BinaryPrimitives.ReadUInt64LittleEndian(_bytes[32..]);
    public uint Sub => BinaryPrimitives.ReadUInt32LittleEndian(_bytes[40..]);
    public bool IsTombstone => (_bytes[5] & TombstoneFlag) != 0;
    public ReadOnlySpan<byte> Key => _bytes.Slice(HeaderBytes, KeyLength);
    public ReadOnlySpan<byte> Value => _bytes[(HeaderBytes + KeyLength)..];
    internal int KeyLength => BinaryPrimitives.ReadUInt16LittleEndian(_bytes[6..]);
    internal int ValueLength => _bytes.Length - HeaderBytes - KeyLength;

    /// <summary>The bytes that a record with this key and value takes.</summary>
    public static int BytesOf(int keyLength, int valueLength) => HeaderBytes + keyLength + valueLength;

    /// <summary>Checks length, format and checksum.</summary>
    /// <exception cref="RecordDamagedException">They do not hold.</exception>
    public static StoredRecord Parse(ReadOnlySpan<byte> bytes, in RecordId id)
    {
        if (bytes.Length < HeaderBytes) throw Damaged(id, $"{bytes.Length} bytes are too few");
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(bytes), computed = Crc32C.Of(bytes[4..]);
        if (stored != computed) throw Damaged(id, $"checksum {computed:x8} instead of {stored:x8}");
        if (bytes[4] != Format || (bytes[5] & ~TombstoneFlag) != 0) throw Damaged(id, $"unknown format {bytes[4]}, flags {bytes[5]}");
        var record = new StoredRecord(bytes);
        long length = HeaderBytes + (long)record.KeyLength + BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]);
        if (length != bytes.Length) throw Damaged(id, $"{bytes.Length} bytes instead of {length}");
        if (record.Modified != id.Revision || record.Sub != id.Sub) throw Damaged(id, $"found the record of revision {record.Modified}, sub {record.Sub} in its place");
        return record;
    }

    /// <summary>Writes a record into <paramref name="target"/>, which has exactly <see cref="BytesOf"/> bytes.</summary>
    internal static void Write(Span<byte> target, in RecordId id, in KeyState state, RecordKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        target[4] = Format;
        target[5] = kind == RecordKind.Tombstone ? TombstoneFlag : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(target[6..], checked((ushort)key.Length));
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], id.Revision.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], state.Create.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], state.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], state.Lease);
        BinaryPrimitives.WriteUInt32LittleEndian(target[40..], id.Sub);
        BinaryPrimitives.WriteUInt32LittleEndian(target[44..], (uint)value.Length);
        key.CopyTo(target[HeaderBytes..]);
        value.CopyTo(target[(HeaderBytes + key.Length)..]);
        BinaryPrimitives.WriteUInt32LittleEndian(target, Crc32C.Of(target[4..]));
    }

    private static RecordDamagedException Damaged(in RecordId id, string what) =>
        new($"record (stay {id.Stay.Value}, revision {id.Revision}, sub {id.Sub}) is damaged: {what}; the replica has to be seeded again");
}

/// <summary>What a record says of its key.</summary>
internal enum RecordKind : byte { Value, Tombstone }
