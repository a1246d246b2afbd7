using System.Buffers;

namespace Grpc.Protocol;

/// <summary>A growing buffer on the array pool. Not for two threads at once.</summary>
internal sealed class PooledBufferWriter : IBufferWriter<byte>, IDisposable
{
    private const int InitialSize = 512;

    private byte[] _array = ArrayPool<byte>.Shared.Rent(InitialSize);

    public int WrittenCount { get; private set; }

    public ReadOnlyMemory<byte> WrittenMemory => _array.AsMemory(0, WrittenCount);

    public void Clear() => WrittenCount = 0;

    /// <summary>Drops what was written after the first <paramref name="count"/> bytes.</summary>
    public void Truncate(int count) => WrittenCount = Math.Min(WrittenCount, count);

    public void Advance(int count) => WrittenCount += count;

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        var wanted = Math.Max(sizeHint, 1);
        if (_array.Length - WrittenCount < wanted)
            Grow(wanted);
        return _array.AsMemory(WrittenCount);
    }

    public void Dispose()
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        WrittenCount = 0;
    }

    private void Grow(int wanted)
    {
        var bigger = ArrayPool<byte>.Shared.Rent(Math.Max(_array.Length * 2, WrittenCount + wanted));
        _array.AsSpan(0, WrittenCount).CopyTo(bigger);
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = bigger;
    }
}
