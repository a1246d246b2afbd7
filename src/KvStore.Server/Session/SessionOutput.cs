using Grpc.Core;
using KvStore.Node;

namespace KvStore.Server.Session;

/// <summary>
/// The answers of one session on their way to the client. Any thread posts; one pump at a time writes, and what gathers while it writes goes out as one message.
/// </summary>
internal sealed class SessionOutput(IServerStreamWriter<RawResponse> writer)
{
    private const int PiecesPerMessageMax = 256;
    private const int MessageBytesMax = 1 << 20;
    /// <summary>Answers that wait for the client's reading; beyond it nothing more is read for this session, from its stream or for it.</summary>
    private const int QueuedBytesMax = 4 << 20;
    /// <summary>About this size answers are cut into pieces: a piece is no larger, but for its last result.</summary>
    public const int PieceBytesMax = 64 << 10;
    private readonly object _lock = new();
    // Guarded by _lock.
    private readonly Queue<ResultBuffer> _queue = [];
    private bool _pumping;
    private int _open;
    private bool _failed;
    /// <summary>Of answers in <see cref="_queue"/>, and <see cref="PieceBytesMax"/> for each that is being made.</summary>
    private int _queuedBytes;
    private TaskCompletionSource? _drained;
    private TaskCompletionSource? _room;
    // Touched by the pump only.
    private readonly RawResponse _response = new();

    /// <summary>Whether answers may be made: the client takes those that are there.</summary>
    public bool HasRoom => Volatile.Read(ref _queuedBytes) < QueuedBytesMax;

    /// <summary>Completes when there was room; others may have taken it since.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public Task RoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (HasRoom) return Task.CompletedTask;
            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Keeps room for a piece that is about to be made, which may take long if it is read from the disk. False: there is none now.</summary>
    public bool TryReserve()
    {
        lock (_lock)
        {
            if (!HasRoom) return false;
            _queuedBytes += PieceBytesMax;
            return true;
        }
    }

    /// <summary>Gives back what <see cref="TryReserve"/> kept: the piece comes now, or not at all.</summary>
    public void EndReservation()
    {
        lock (_lock)
        {
            _queuedBytes -= PieceBytesMax;
            if (HasRoom) GiveRoom();
        }
    }

    /// <summary>An answer will come: <see cref="DrainedAsync"/> waits for it.</summary>
    public void Opened()
    {
        lock (_lock) _open++;
    }

    /// <summary>The answer of one <see cref="Opened"/>. Never blocks: the writing happens on the thread pool.</summary>
    public void Post(ResultBuffer piece) => Enqueue(piece, PumpOn.ThreadPool);

    /// <summary>A part of the answer of one <see cref="Opened"/>, whose last part comes by <see cref="Post"/>.</summary>
    public void PostPart(ResultBuffer piece)
    {
        Opened();
        Post(piece);
    }

    /// <summary>The same from a thread that may write to the socket itself.</summary>
    public void PostAndWrite(ResultBuffer piece) => Enqueue(piece, PumpOn.ThisThread);

    /// <summary>The answer of one <see cref="Opened"/>: the same error for all these operations.</summary>
    public void Refuse(ReadOnlySpan<ulong> ids, NodeError error)
    {
        var buffer = new ResultBuffer(256);
        foreach (var id in ids)
        {
            if (buffer.Length >= PieceBytesMax)
            {
                PostPart(buffer);
                buffer = new ResultBuffer(PieceBytesMax);
            }

            buffer.Error(id, error);
        }

        Post(buffer);
    }

    /// <summary>Completes when every opened answer was written, or the stream broke.</summary>
    public Task DrainedAsync()
    {
        lock (_lock)
        {
            if (_failed || (_open == 0 && !_pumping)) return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    private enum PumpOn { ThreadPool, ThisThread }

    private void Enqueue(ResultBuffer piece, PumpOn where)
    {
        lock (_lock)
        {
            _open--;
            if (_failed)
            {
                piece.Release();
                return;
            }

            _queue.Enqueue(piece);
            _queuedBytes += piece.Length;
            if (_pumping) return;
            _pumping = true;
        }

        if (where == PumpOn.ThisThread) _ = PumpAsync();
        else ThreadPool.UnsafeQueueUserWorkItem(static output => _ = output.PumpAsync(), this, preferLocal: false);
    }

    private async Task PumpAsync()
    {
        try
        {
            while (Take()) await writer.WriteAsync(_response).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException or IOException or InvalidOperationException or ObjectDisposedException)
        {
            // The client has gone: it learns the outcome of what it sent by retrying under its write ids.
            lock (_lock)
            {
                _failed = true;
                _pumping = false;
                while (_queue.TryDequeue(out var piece))
                {
                    _queuedBytes -= piece.Length;
                    piece.Release();
                }

                _drained?.TrySetResult();
                GiveRoom();
            }
        }
    }

    private bool Take()
    {
        lock (_lock)
        {
            var bytes = 0;
            while (_response.Pieces.Count < PiecesPerMessageMax && _queue.TryPeek(out var piece) && (bytes == 0 || bytes + piece.Length <= MessageBytesMax))
            {
                _response.Pieces.Add(_queue.Dequeue());
                bytes += piece.Length;
            }

            _queuedBytes -= bytes;
            if (HasRoom) GiveRoom();
            if (_response.Pieces.Count > 0) return true;
            _pumping = false;
            if (_open == 0) _drained?.TrySetResult();
            return false;
        }
    }

    /// <summary>Under the lock.</summary>
    private void GiveRoom()
    {
        _room?.TrySetResult();
        _room = null;
    }
}
