using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Storage.Engine;

namespace KvStore.Server.Session;

/// <summary>Gets of one batch that are read together, since each may wait for the disk.</summary>
internal sealed class GetsTogether(int count)
{
    public const int Max = 64;

    private readonly ulong[] _ids = new ulong[count];
    private readonly ReadOnlyMemory<byte>[] _keys = new ReadOnlyMemory<byte>[count];
    /// <summary>Where the batch goes on behind each of them.</summary>
    private readonly int[] _ends = new int[count];
    private readonly KeyValue?[] _values = new KeyValue?[count];

    /// <summary>Answers the next gets of a batch, as many as are read together and fit into the buffer about.</summary>
    /// <returns>How many, and where the next one begins; 0 at the end.</returns>
    public ValueTask<(int Gets, int Next)> AnswerAsync(ReadOnlyMemory<byte> batch, int from, OwnedRange owned, ResultBuffer buffer)
    {
        var taken = Take(batch, from, owned, out var refusal);
        if (taken > 0) return ReadAsync(taken, owned, buffer);
        if (refusal is null) return new ValueTask<(int, int)>((0, from));
        buffer.Error(_ids[0], refusal);
        return new ValueTask<(int, int)>((1, _ends[0]));
    }

    private async ValueTask<(int Gets, int Next)> ReadAsync(int taken, OwnedRange owned, ResultBuffer buffer)
    {
        var read = await owned.Store.GetManyAsync(_keys.AsMemory(0, taken), _values, SessionOutput.PieceBytesMax - buffer.Length).ConfigureAwait(false);
        for (var i = 0; i < read; i++) buffer.Get(_ids[i], _values[i] is not null, _values[i].GetValueOrDefault());
        return (read, _ends[read - 1]);
    }

    /// <summary>How many gets are to be read, up to one that is refused: what is answered is always a beginning of the rest.</summary>
    private int Take(ReadOnlyMemory<byte> batch, int from, OwnedRange owned, out NodeError? refusal)
    {
        refusal = null;
        var taken = 0;
        var sequence = new GetSequence(batch.Span, from);
        while (taken < _ids.Length && sequence.MoveNext())
        {
            var get = sequence.Current;
            (_ids[taken], _ends[taken]) = (get.Id, sequence.Position);
            refusal = Refusal(get.Key, owned);
            if (refusal is not null) break;
            SessionWire.Require(batch.Span.Overlaps(get.Key, out var start));
            _keys[taken++] = batch.Slice(start, get.Key.Length);
        }

        return taken;
    }

    public static NodeError? KeyError(ReadOnlySpan<byte> key) =>
        key.IsEmpty ? new NodeError(NodeErrorCode.InvalidArgument, "key: must not be empty")
        : key.Length > CommandLimits.KeyBytesMax ? new NodeError(NodeErrorCode.InvalidArgument, $"key: {key.Length} bytes; the limit is {CommandLimits.KeyBytesMax}")
        : null;

    private static NodeError? Refusal(ReadOnlySpan<byte> key, OwnedRange owned) =>
        KeyError(key) ?? (owned.Descriptor.Contains(key) ? null : new NodeError(NodeErrorCode.EpochNotMatch, $"route: range {owned.Descriptor.Id} does not hold this key"));
}
