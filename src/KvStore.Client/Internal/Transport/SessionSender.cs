using KvStore.Client.Internal.Operations;

namespace KvStore.Client.Internal.Transport;

/// <summary>
/// Brings operations to a node on a <see cref="SessionStream"/>, which it opens when there is something to send. One pump sends what is queued, and while it writes, more queues up:
/// batches are as large as the load makes them, and nothing waits when there is none.
/// </summary>
internal sealed class SessionSender : IOperationSender
{
    /// <summary>A request stays well below the 4 MiB that a node takes.</summary>
    private const int RequestBytesMax = 1 << 20;

    private readonly NodeConnection _connection;
    private readonly Dispatcher _dispatcher;
    private readonly Lock _gate = new();
    private readonly List<Operation> _expired = [];
    private readonly List<Operation> _misplaced = [];
    private List<Operation> _queue = [];
    private List<Operation> _taken = [];
    private bool _pumping;
    private bool _closed;
    private SessionStream? _stream;

    public SessionSender(NodeConnection connection, Dispatcher dispatcher)
    {
        _connection = connection;
        _dispatcher = dispatcher;
    }

    public void Enqueue(Operation operation)
    {
        bool closed;
        lock (_gate)
        {
            closed = _closed;
            if (!closed)
            {
                _queue.Add(operation);
                if (_pumping) return;
            }
        }
        if (closed) _dispatcher.OnFailure(operation, Dispatcher.Disposed);
        else if (!CompletionQueue.FlushesLater(this)) Flush();
    }

    public void Flush()
    {
        lock (_gate)
        {
            if (_pumping || _queue.Count == 0) return;
            _pumping = true;
        }
        _ = PumpAsync();
    }

    public bool Sweep(long now)
    {
        bool pending;
        SessionStream? stream;
        lock (_gate)
        {
            WaitingList.TakeExpired(_queue, now, _expired);
            pending = _queue.Count > 0 || _pumping;
            stream = _stream;
        }
        foreach (var operation in _expired) _dispatcher.Expire(operation, ExpiredWhile.Waiting);
        _expired.Clear();
        if (stream is not null) pending |= stream.Sweep(now, _expired, _misplaced);
        foreach (var operation in _expired) _dispatcher.Expire(operation, ExpiredWhile.Sent);
        foreach (var operation in _misplaced) _dispatcher.OnFailure(operation, new Failure(Protocol.V1.ErrorCode.Unavailable, $"{_connection.Address} does not answer") { OutcomeUnknown = true });
        _expired.Clear();
        _misplaced.Clear();
        Flush();
        return pending;
    }

    public void Close()
    {
        List<Operation> left;
        SessionStream? stream;
        lock (_gate)
        {
            _closed = true;
            (left, _queue) = (_queue, []);
            stream = _stream;
        }
        stream?.Close();
        foreach (var operation in left) _dispatcher.OnFailure(operation, Dispatcher.Disposed);
    }

    /// <summary>At most one runs at a time.</summary>
    private async Task PumpAsync()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_queue.Count == 0)
                {
                    _pumping = false;
                    return;
                }
                (_queue, _taken) = (_taken, _queue);
            }
            for (var index = 0; index < _taken.Count;)
            {
                var stream = OpenStream();
                var next = stream is null ? index : await stream.SendAsync(_taken, index, RequestBytesMax).ConfigureAwait(false);
                if (next == index) _dispatcher.OnFailure(_taken[index++], _connection.Resting is { } last ? last with { OutcomeUnknown = false } : NotSent);
                else index = next;
            }
            _taken.Clear();
            _dispatcher.Completions.DrainElsewhere();
        }
    }

    private Failure NotSent => new(Protocol.V1.ErrorCode.Unavailable, $"{_connection.Address}: the stream ended before the operation was sent");

    private SessionStream? OpenStream()
    {
        if (_stream is { IsClosed: false } open) return open;
        if (_connection.Resting is not null) return null;
        var stream = new SessionStream(_connection, _dispatcher);
        lock (_gate)
        {
            if (_closed) return null;
            _stream = stream;
        }
        stream.Start();
        return stream;
    }
}
