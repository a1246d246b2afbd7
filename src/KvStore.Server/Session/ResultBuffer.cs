using System.Buffers;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Protocol.V1;
using KvStore.Server.Services;
using KvStore.Storage.Engine;

namespace KvStore.Server.Session;

/// <summary>
/// Serialized <see cref="OperationResult"/>s as field 1 of a <see cref="SessionResponse"/>, written without objects on the hot paths (put, get).
/// Serialized responses can be joined by putting their bytes behind each other. Rented: return it by <see cref="Release"/>.
/// </summary>
internal sealed class ResultBuffer
{
    private byte[] _bytes;
    private int _length;

    public ResultBuffer(int capacity) => _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);
    public int Length => _length;

    public void Release()
    {
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    public void Put(ulong id, Revision revision)
    {
        // OperationResult { id = 1, put = 4 { revision = 2 } }
        var inner = 1 + VarintSize(revision.Value);
        var size = IdSize(id) + 2 + inner;
        Reserve(size + 11);
        Header(size, id);
        Byte(OperationResult.PutFieldNumber << 3 | 2);
        Varint((ulong)inner);
        Byte(2 << 3);
        Varint(revision.Value);
    }

    public void Get(ulong id, bool found, in KvStore.Storage.Engine.KeyValue value)
    {
        // OperationResult { id = 1, get = 3 { kv = 2 { value = 2, create = 3, mod = 4, version = 5, lease = 6 } } }
        var kv = 0;
        if (found)
            kv = 1 + VarintSize((ulong)value.Value.Length) + value.Value.Length + FieldSize(value.Create.Value) + FieldSize(value.Modified.Value) + FieldSize(value.Version) + FieldSize(value.Lease);
        var get = found ? 1 + VarintSize((ulong)kv) + kv : 0;
        var size = IdSize(id) + 1 + VarintSize((ulong)get) + get;
        Reserve(size + 11);
        Header(size, id);
        Byte(OperationResult.GetFieldNumber << 3 | 2);
        Varint((ulong)get);
        if (!found) return;
        Byte(2 << 3 | 2);
        Varint((ulong)kv);
        Byte(2 << 3 | 2);
        Varint((ulong)value.Value.Length);
        value.Value.Span.CopyTo(_bytes.AsSpan(_length));
        _length += value.Value.Length;
        Field(3, value.Create.Value);
        Field(4, value.Modified.Value);
        Field(5, value.Version);
        Field(6, value.Lease);
    }

    /// <summary>Any result, by way of its object.</summary>
    public void Write(OperationResult result)
    {
        var size = result.CalculateSize();
        Reserve(size + 11);
        Byte(1 << 3 | 2);
        Varint((ulong)size);
        result.WriteTo(_bytes.AsSpan(_length, size));
        _length += size;
    }

    public void Error(ulong id, NodeError error) => Write(new OperationResult { Id = id, Error = Errors.ToProto(error) });

    /// <summary>The result of a write of the given kind.</summary>
    public void Command(ulong id, OperationKind kind, in CommandResult result)
    {
        if (result.Status == CommandStatus.Ok && kind == OperationKind.Put) Put(id, result.Revision);
        else Write(CommandResponses.ToOperationResult(id, kind, result));
    }

    private void Header(int size, ulong id)
    {
        Byte(1 << 3 | 2);
        Varint((ulong)size);
        Field(1, id);
    }

    private static int IdSize(ulong id) => FieldSize(id);
    private static int FieldSize(ulong value) => value == 0 ? 0 : 1 + VarintSize(value);

    private void Field(int number, ulong value)
    {
        if (value == 0) return;
        Byte(number << 3);
        Varint(value);
    }

    private void Byte(int value) => _bytes[_length++] = (byte)value;

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _bytes[_length++] = (byte)value;
    }

    private static int VarintSize(ulong value) => CodedOutputStream.ComputeRawVarint64Size(value);

    private void Reserve(int count)
    {
        if (_bytes.Length - _length >= count) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + count));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
