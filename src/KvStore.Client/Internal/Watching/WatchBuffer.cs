namespace KvStore.Client.Internal.Watching;

/// <summary>Between the parts of a watch, which add and never wait, and its one consumer. Bounded by what the parts do when it says that it is full.</summary>
internal sealed class WatchBuffer(int bytesMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<WatchItem> _items = new();
    private readonly List<TaskCompletionSource> _waitingForRoom = [];
    private TaskCompletionSource? _waitingForItem;
    private long _bytes;
    private Exception? _failure;

    public bool IsEmpty
    {
        get
        {
            lock (_gate) return _items.Count == 0;
        }
    }

    /// <returns>Whether there is room for more; if not, the part stops until <see cref="RoomAsync"/> completes.</returns>
    public bool Add(WatchItem item)
    {
        lock (_gate)
        {
            _items.Enqueue(item);
            _bytes += item.Bytes;
            _waitingForItem?.TrySetResult();
            return _bytes < bytesMax;
        }
    }

    /// <summary>The watch ends with an exception, behind what is in the buffer. The first one counts.</summary>
    public void Fail(Exception failure)
    {
        lock (_gate)
        {
            _failure ??= failure;
            _waitingForItem?.TrySetResult();
        }
    }

    /// <summary>The next item; one consumer.</summary>
    public async ValueTask<WatchItem> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task arrival;
            lock (_gate)
            {
                if (_items.TryDequeue(out var item))
                {
                    _bytes -= item.Bytes;
                    if (_bytes <= bytesMax / 2) LetIn();
                    return item;
                }
                if (_failure is not null) throw _failure;
                _waitingForItem = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                arrival = _waitingForItem.Task;
            }
            await arrival.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Completes when half of the buffer is free.</summary>
    public Task RoomAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_bytes <= bytesMax / 2) return Task.CompletedTask;
            var room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waitingForRoom.Add(room);
            return room.Task.WaitAsync(cancellationToken);
        }
    }

    private void LetIn()
    {
        foreach (var room in _waitingForRoom) room.TrySetResult();
        _waitingForRoom.Clear();
    }
}
