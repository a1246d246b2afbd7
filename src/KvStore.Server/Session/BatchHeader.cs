using KvStore.Node.StateMachine;

namespace KvStore.Server.Session;

/// <summary>What a serialized kvstore.v1 Batch says outside its operations, and which operations it holds.</summary>
internal struct BatchHeader
{
    private const uint RouteTag = 1 << 3 | WireReader.LengthDelimited, OperationsTag = 5 << 3 | WireReader.LengthDelimited, TimeoutTag = 6 << 3 | WireReader.Varint;
    private const uint RangeTag = 1 << 3 | WireReader.Varint, EpochTag = 2 << 3 | WireReader.Varint, IdTag = 1 << 3 | WireReader.Varint;

    public ulong Range, Epoch, TimeoutMilliseconds;
    /// <summary>Ids and kinds of the operations, in order; <see cref="Count"/> of them.</summary>
    public ulong[] Ids;
    public OperationKind[] Kinds;
    public int Count;
    public bool HasWrites, HasReads;

    /// <exception cref="InvalidDataException">Malformed protobuf.</exception>
    public static BatchHeader Read(ReadOnlySpan<byte> batch)
    {
        var header = new BatchHeader { Ids = new ulong[16], Kinds = new OperationKind[16] };
        var reader = new WireReader(batch);
        while (reader.TryReadTag(out var tag))
        {
            // A field of another wire type is an unknown one, as the generated code has it, and as those have it who read the batch after this.
            switch (tag)
            {
                case RouteTag: header.ReadRoute(reader.ReadBytes()); break;
                case OperationsTag: header.AddOperation(reader.ReadBytes()); break;
                case TimeoutTag: header.TimeoutMilliseconds = reader.ReadVarint(); break;
                default: reader.Skip(tag); break;
            }
        }

        SessionWire.Require(!reader.Malformed);
        return header;
    }

    private void ReadRoute(ReadOnlySpan<byte> route)
    {
        var reader = new WireReader(route);
        while (reader.TryReadTag(out var tag))
        {
            if (tag == RangeTag) Range = reader.ReadVarint();
            else if (tag == EpochTag) Epoch = reader.ReadVarint();
            else reader.Skip(tag);
        }

        SessionWire.Require(!reader.Malformed);
    }

    private void AddOperation(ReadOnlySpan<byte> operation)
    {
        if (Count == Ids.Length)
        {
            Array.Resize(ref Ids, Count * 4);
            Array.Resize(ref Kinds, Count * 4);
        }

        var (id, kind) = (0UL, OperationKind.None);
        var reader = new WireReader(operation);
        while (reader.TryReadTag(out var tag))
        {
            if (tag == IdTag)
            {
                id = reader.ReadVarint();
                continue;
            }

            if (tag >> 3 is (>= 2 and <= 8) or (uint)OperationKind.Transaction) kind = (OperationKind)(tag >> 3);
            reader.Skip(tag);
        }

        SessionWire.Require(!reader.Malformed);
        if (kind is OperationKind.Put or OperationKind.Delete or OperationKind.CompareAndSwap or OperationKind.Increment or OperationKind.Transaction) HasWrites = true;
        else HasReads = true;
        Ids[Count] = id;
        Kinds[Count++] = kind;
    }
}
