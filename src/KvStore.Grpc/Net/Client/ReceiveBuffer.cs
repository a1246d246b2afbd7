using System.Buffers;

namespace Grpc.Net.Client;

/// <summary>Received bytes that are not yet parsed, in one array of the pool. Not for two threads at once.</summary>
internal sealed class ReceiveBuffer : IDisposable
{
    private const int InitialSize = 4096;

    /// <summary>Less free room than this is not worth a read.</summary>
    private const int MinimumRead = 512;

    private byte[] _array = [];
    private int _start;
    private int _end;

    public bool IsEmpty => _start == _end;

    public ReadOnlySequence<byte> Received => new(_array, _start, _end - _start);

    /// <summary>Drops all but the last <paramref name="count"/> bytes.</summary>
    public void KeepLast(long count)
    {
        _start = _end - (int)count;
        if (IsEmpty)
            _start = _end = 0;
    }

    public void Advance(int count) => _end += count;

    /// <summary>Room for the next read; bytes not yet parsed may move to the front or into a larger array.</summary>
    public Memory<byte> GetFreeMemory()
    {
        if (_array.Length == 0)
            _array = ArrayPool<byte>.Shared.Rent(InitialSize);
        if (_array.Length - _end < MinimumRead)
            MakeRoom();
        return _array.AsMemory(_end);
    }

    public void Dispose()
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        _start = _end = 0;
    }

    private void MakeRoom()
    {
        var length = _end - _start;
        // Moving to the front is only worth it when it frees at least half, else a large message is copied again and again.
        var target = length <= _array.Length / 2 ? _array : ArrayPool<byte>.Shared.Rent(_array.Length * 2);
        Buffer.BlockCopy(_array, _start, target, 0, length);
        if (!ReferenceEquals(target, _array))
            ArrayPool<byte>.Shared.Return(_array);
        _array = target;
        _start = 0;
        _end = length;
    }
}
