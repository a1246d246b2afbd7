using System.Buffers.Binary;

namespace KvStore.Raft;

/// <summary>
/// The bytes of a configuration in the log. Persisted: format version (1 byte, 1), flags (1 byte, bit 0: leaves a joint configuration by itself),
/// then voters, outgoing voters, learners, next learners, each as a count (2 bytes) and that many replica ids (8 bytes). Numbers are little-endian.
/// </summary>
internal static class ConfigurationEncoding
{
    private const byte FormatVersion = 1;
    private const byte AutoLeaveFlag = 1;
    private const int Lists = 4;

    public static byte[] Encode(Configuration configuration)
    {
        IReadOnlyList<ReplicaId>[] lists = [configuration.Voters, configuration.Outgoing, configuration.Learners, configuration.LearnersNext];
        var bytes = new byte[2 + lists.Sum(l => sizeof(ushort) + sizeof(ulong) * l.Count)];
        bytes[0] = FormatVersion;
        bytes[1] = configuration.AutoLeave ? AutoLeaveFlag : (byte)0;
        var rest = bytes.AsSpan(2);
        foreach (var list in lists)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(rest, checked((ushort)list.Count));
            rest = rest[sizeof(ushort)..];
            foreach (var id in list)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(rest, id.Value);
                rest = rest[sizeof(ulong)..];
            }
        }
        return bytes;
    }

    public static Configuration Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2) throw new FormatException($"A configuration of {bytes.Length} bytes is too short.");
        if (bytes[0] != FormatVersion) throw new FormatException($"Configuration format {bytes[0]} is not known; this version reads {FormatVersion}.");
        if ((bytes[1] & ~AutoLeaveFlag) != 0) throw new FormatException($"Configuration flags {bytes[1]} are not known.");
        var rest = bytes[2..];
        var lists = new ReplicaId[Lists][];
        for (var i = 0; i < Lists; i++) lists[i] = DecodeList(ref rest);
        if (rest.Length > 0) throw new FormatException($"A configuration has {rest.Length} bytes too many.");
        return new Configuration(lists[0], lists[1], lists[2], lists[3], (bytes[1] & AutoLeaveFlag) != 0);
    }

    private static ReplicaId[] DecodeList(ref ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(ushort)) throw new FormatException("A configuration ends in the middle of a list.");
        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        bytes = bytes[sizeof(ushort)..];
        if (bytes.Length < count * sizeof(ulong)) throw new FormatException("A configuration ends in the middle of a list.");
        var ids = new ReplicaId[count];
        for (var i = 0; i < count; i++) ids[i] = new ReplicaId(BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]));
        bytes = bytes[(count * sizeof(ulong))..];
        return ids;
    }
}
