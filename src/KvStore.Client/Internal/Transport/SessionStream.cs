using Grpc.Core;
using KvStore.Client.Internal.Wire;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Transport;

/// <summary>One incarnation of the `Session` stream to a node: numbers operations, sends them, and gives each answer to its operation. One party sends at a time.</summary>
internal sealed class SessionStream
{
    private readonly NodeConnection _connection;
    private readonly Dispatcher _dispatcher;
    private readonly AsyncDuplexStreamingCall<OutgoingRequest, IncomingResponse> _call;
    private readonly OutgoingRequest _request = new();
    private readonly Action _readOn;
    private readonly Lock _gate = new();
    private readonly SlotTable _slots = new();
    private readonly List<Operation> _ended = [];
    private readonly List<(Operation Operation, Failure Failure)> _failed = [];
    private Task<bool> _next = Task.FromResult(true);
    private bool _closed;
    private long _heardAt;

    public SessionStream(NodeConnection connection, Dispatcher dispatcher)
    {
        _connection = connection;
        _dispatcher = dispatcher;
        _readOn = Read;
        _heardAt = dispatcher.Now;
        _call = connection.Invoker.AsyncDuplexStreamingCall(SessionMethod.Instance, null, default);
    }

    public bool IsClosed
    {
        get
        {
            lock (_gate) return _closed;
        }
    }

    /// <summary>Starts to read. Not in the constructor, because an answer may arrive at once.</summary>
    public void Start()
    {
        _next = _call.ResponseStream.MoveNext(CancellationToken.None);
        Read();
    }

    /// <summary>Takes operations from the list, from an index on, into one request of at most so many bytes, and sends it.</summary>
    /// <returns>The index behind the last one taken; all of them are this stream's concern now. Nothing is taken when the stream has ended.</returns>
    public async ValueTask<int> SendAsync(List<Operation> operations, int from, int bytesMax)
    {
        var next = Fill(operations, from, bytesMax);
        if (_request.IsEmpty) return next;
        try
        {
            await _call.RequestStream.WriteAsync(_request).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it was, the stream is not to be trusted; its operations learn why.
            End(e);
        }
        return next;
    }

    /// <summary>Takes away what has expired, was cancelled, or belongs elsewhere by now; the caller holds it from then on.</summary>
    /// <returns>Whether anything is unanswered.</returns>
    public bool Sweep(long now, List<Operation> expired, List<Operation> misplaced)
    {
        lock (_gate)
        {
            if (_slots.Count == 0) return false;
            _slots.Take(o => o.Deadline <= now || o.IsClaimed, expired);
            var silentSince = now - _dispatcher.AttemptTicks;
            if (Volatile.Read(ref _heardAt) <= silentSince)
                _slots.Take(o => o.SentAt <= silentSince && _dispatcher.BelongsElsewhere(o, _connection), misplaced);
            return _slots.Count > 0;
        }
    }

    public void Close() => End(new RpcException(Status.DefaultCancelled, "The client was disposed."));

    private int Fill(List<Operation> operations, int from, int bytesMax)
    {
        var now = _dispatcher.Now;
        var index = from;
        var bytes = 0;
        lock (_gate)
        {
            _request.Clear();
            if (_closed) return from;
            if (_slots.Count == 0) Volatile.Write(ref _heardAt, now);
            for (; index < operations.Count && bytes < bytesMax && !_slots.IsFull; index++)
            {
                var operation = operations[index];
                if (bytes > 0 && bytes + operation.Key.Length + operation.Value.Length > bytesMax) break;
                if (operation.IsClaimed)
                {
                    operation.LetGo();
                    continue;
                }
                if (operation.Sequence == 0 && operation.Session is { } session) operation.Sequence = session.Take();
                operation.SentAt = now;
                _request.BatchFor(operation).Add(operation, _slots.Add(operation), _dispatcher.MillisecondsUntil(operation.Deadline, now));
                bytes += operation.WireBytes;
            }
            _request.Seal();
        }
        return index;
    }

    /// <summary>Reads on as long as answers are there. Before the thread would wait, it leaves the waiting to a continuation and runs the callers' continuations itself.</summary>
    private void Read()
    {
        while (true)
        {
            if (!_next.IsCompleted)
            {
                _next.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_readOn);
                _dispatcher.Completions.Drain();
                return;
            }
            try
            {
                if (!_next.GetAwaiter().GetResult())
                {
                    End(new RpcException(new Status(StatusCode.Unavailable, "the node ended the stream")));
                    break;
                }
                Receive(_call.ResponseStream.Current);
                _next = _call.ResponseStream.MoveNext(CancellationToken.None);
            }
            catch (Exception e)
            {
                // The same as for a failed write, so that no caller waits in vain.
                End(e);
                break;
            }
        }
        _dispatcher.Completions.Drain();
    }

    private void Receive(IncomingResponse response)
    {
        Volatile.Write(ref _heardAt, _dispatcher.Now);
        _connection.Works();
        using (response) Receive(response.Message);
        foreach (var (operation, failure) in _failed) _dispatcher.OnFailure(operation, failure);
        _failed.Clear();
    }

    private void Receive(ReadOnlySpan<byte> message)
    {
        lock (_gate)
        {
            var response = new WireReader(message);
            while (response.Next())
                if (response.Number == 1) ReceiveResult(response.Bytes);
        }
    }

    private void ReceiveResult(ReadOnlySpan<byte> message)
    {
        const int ErrorField = 2;
        ulong id = 0;
        var kind = 0;
        ReadOnlySpan<byte> answer = default;
        var result = new WireReader(message);
        while (result.Next())
        {
            if (result.Number == 1) id = result.Value;
            else
            {
                kind = result.Number;
                answer = result.Bytes;
            }
        }
        if (_slots.Answered(id) is not { } operation) return;
        if (kind == ErrorField) _failed.Add((operation, Failure.From(Error.Parser.ParseFrom(answer))));
        else if (kind != AnswerField(operation.Kind)) _failed.Add((operation, new Failure(ErrorCode.Internal, $"{_connection.Address} gave an answer of kind {kind} to an operation of kind {(int)operation.Kind}")));
        else _dispatcher.Answered(operation, answer);
    }

    /// <summary>The field of kvstore.v1 OperationResult that answers a kind of operation.</summary>
    private static int AnswerField(Operations.OperationKind kind) => kind == Operations.OperationKind.Transaction ? 10 : (int)kind + 1;

    private void End(Exception cause)
    {
        int unanswered;
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            _slots.Take(static _ => true, _ended);
            unanswered = _ended.Count;
        }
        var failure = FailureReader.Read(cause, _connection.Address);
        Log.StreamEnded(_dispatcher.Log, _connection.Address, unanswered, failure.Message);
        _connection.Rest(failure, _dispatcher.Now);
        _call.Dispose();
        foreach (var operation in _ended) _dispatcher.OnFailure(operation, failure);
    }
}
