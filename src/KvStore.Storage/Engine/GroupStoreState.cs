namespace KvStore.Storage.Engine;

/// <summary>What a checkpoint stores beside the records: the stays, and the node's own bytes (docs/formats/engine.md).</summary>
internal sealed record GroupStoreState(IReadOnlyList<StoredRange> Ranges, ReadOnlyMemory<byte> NodeState)
{
    private const byte Format = 1;

    public byte[] Encode()
    {
        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Format);
        writer.Write(Ranges.Count);
        foreach (var (range, keys, bytes) in Ranges)
        {
            writer.Write(range.Stay.Value);
            writer.Write(range.Revision.Value);
            writer.Write(range.CompactRevision.Value);
            writer.Write(keys);
            writer.Write(bytes);
            Write(writer, range.Start);
            Write(writer, range.End);
            writer.Write(range.Lineage.Count);
            foreach (var ancestor in range.Lineage)
            {
                writer.Write(ancestor.Stay.Value);
                writer.Write(ancestor.UpTo.Value);
            }
        }

        Write(writer, NodeState);
        return stream.ToArray();
    }

    /// <exception cref="InvalidDataException">Not such a state, though its checksum was right: written by a newer version.</exception>
    public static GroupStoreState Decode(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes));
        var format = reader.ReadByte();
        if (format != Format) throw new InvalidDataException($"format {format} of the store's state is not known to this version");
        var ranges = new List<StoredRange>();
        for (var left = reader.ReadInt32(); left > 0; left--)
        {
            var (stay, revision, compacted) = (new Stay(reader.ReadUInt64()), new Revision(reader.ReadUInt64()), new Revision(reader.ReadUInt64()));
            var (keys, liveBytes) = (reader.ReadInt64(), reader.ReadInt64());
            var (start, end) = (reader.ReadBytes(reader.ReadInt32()), reader.ReadBytes(reader.ReadInt32()));
            var lineage = new List<RangeAncestor>();
            for (var ancestors = reader.ReadInt32(); ancestors > 0; ancestors--) lineage.Add(new RangeAncestor(new Stay(reader.ReadUInt64()), new Revision(reader.ReadUInt64())));
            ranges.Add(new StoredRange(new RangeDescription(stay, revision, compacted, start, end, lineage), keys, liveBytes));
        }

        return new GroupStoreState(ranges, reader.ReadBytes(reader.ReadInt32()));
    }

    private static void Write(BinaryWriter writer, ReadOnlyMemory<byte> bytes)
    {
        writer.Write(bytes.Length);
        writer.Write(bytes.Span);
    }
}

/// <summary>A stay and what it held at the cut (keys that exist, bytes of them and their values): recovery has to come to the same.</summary>
internal readonly record struct StoredRange(RangeDescription Description, long Keys, long Bytes);
