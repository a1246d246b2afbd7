using System.Buffers;

namespace KvStore.Simulation.World;

/// <summary>A frame as bytes: its own copy in a pooled array, which whoever has it last gives back, or one that is kept for the next time and shared.</summary>
internal readonly struct EncodedFrame
{
    private readonly byte[] _array;
    private readonly int _length;
    private readonly bool _isPooled;

    private EncodedFrame(byte[] array, int length, bool isPooled, ulong hash) => (_array, _length, _isPooled, Hash) = (array, length, isPooled, hash);

    /// <summary>For the trace.</summary>
    public ulong Hash { get; }

    public ReadOnlySpan<byte> Span => _array.AsSpan(0, _length);

    public static EncodedFrame Pooled(ReadOnlySpan<byte> bytes) => Pooled(bytes, TraceLog.HashOf(bytes));

    public static EncodedFrame Kept(ReadOnlySpan<byte> bytes) => new(bytes.ToArray(), bytes.Length, false, TraceLog.HashOf(bytes));

    /// <summary>To be released apart from this one.</summary>
    public EncodedFrame Copy() => _isPooled ? Pooled(Span, Hash) : this;

    public void Release()
    {
        if (_isPooled) ArrayPool<byte>.Shared.Return(_array);
    }

    private static EncodedFrame Pooled(ReadOnlySpan<byte> bytes, ulong hash)
    {
        var array = ArrayPool<byte>.Shared.Rent(bytes.Length);
        bytes.CopyTo(array);
        return new EncodedFrame(array, bytes.Length, true, hash);
    }
}
