using KvStore.Node.StateMachine;

namespace KvStore.Server.Session;

/// <summary>What a serialized kvstore.v1 Batch says outside its operations, and which operations it holds.</summary>
internal struct BatchHeader
{
    private const uint RouteField = 1, OperationsField = 5, TimeoutField = 6;

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
            switch (tag >> 3)
            {
                case RouteField: header.ReadRoute(reader.ReadBytes()); break;
                case OperationsField: header.AddOperation(reader.ReadBytes()); break;
                case TimeoutField: header.TimeoutMilliseconds = reader.ReadVarint(); break;
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
            if (tag >> 3 == 1) Range = reader.ReadVarint();
            else if (tag >> 3 == 2) Epoch = reader.ReadVarint();
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
            var field = tag >> 3;
            if (field == 1)
            {
                id = reader.ReadVarint();
                continue;
            }

            if (field is (>= 2 and <= 8) or (uint)OperationKind.Transaction) kind = (OperationKind)field;
            reader.Skip(tag);
        }

        SessionWire.Require(!reader.Malformed);
        if (kind is OperationKind.Put or OperationKind.Delete or OperationKind.CompareAndSwap or OperationKind.Increment or OperationKind.Transaction) HasWrites = true;
        else HasReads = true;
        Ids[Count] = id;
        Kinds[Count++] = kind;
    }
}
