using Grpc.Core;

namespace KvStore.Client.Internal.Wire;

/// <summary>kvstore.v1 SessionRequest before it is written. Used again and again by one sender; not thread-safe.</summary>
internal sealed class OutgoingRequest
{
    private readonly List<OutgoingBatch> _batches = [];
    private int _used;

    public bool IsEmpty => _used == 0;

    public void Clear() => _used = 0;

    /// <summary>The batch to which an operation belongs, made if there is none.</summary>
    public OutgoingBatch BatchFor(Operation operation)
    {
        for (var i = 0; i < _used; i++)
            if (_batches[i].Takes(operation)) return _batches[i];
        if (_used == _batches.Count) _batches.Add(new OutgoingBatch());
        var batch = _batches[_used++];
        batch.Begin(operation);
        return batch;
    }

    /// <summary>Fixes what each batch says about the awaited sequences. Called after all sequences of the request were taken.</summary>
    public void Seal()
    {
        for (var i = 0; i < _used; i++) _batches[i].LowestAwaited = _batches[i].Session?.LowestAwaited ?? 0;
    }

    public static void Serialize(OutgoingRequest request, SerializationContext context)
    {
        var size = 0;
        for (var i = 0; i < request._used; i++) size += request._batches[i].Seal();
        context.SetPayloadLength(size);
        var buffer = context.GetBufferWriter();
        var writer = new WireWriter(buffer.GetSpan(size));
        for (var i = 0; i < request._used; i++) request._batches[i].Write(ref writer);
        if (writer.Length != size) throw new InvalidOperationException($"A request of {size} bytes was written with {writer.Length}.");
        buffer.Advance(size);
        context.Complete();
    }
}
