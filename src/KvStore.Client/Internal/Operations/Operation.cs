using System.Threading.Tasks.Sources;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Sessions;
using KvStore.Client.Transactions;

namespace KvStore.Client.Internal.Operations;

/// <summary>
/// One call of the user, from its start to its answer, through all its attempts. Pooled.
/// Two parties hold it: the caller, until it has taken the result, and the engine, which at any moment keeps it in exactly one place (a queue, a stream's slot, a waiting list, the completion queue).
/// Whoever claims it decides its result; the engine's holder lets it go afterwards. It returns to the pool when both have let go.
/// </summary>
internal sealed class Operation : IValueTaskSource<PutResult>, IValueTaskSource<DeleteResult>, IValueTaskSource<KvEntry?>, IValueTaskSource<CompareAndSwapResult>, IValueTaskSource<IncrementResult>,
    IValueTaskSource<KvTransactionResult>
{
    private readonly OperationPool _pool;
    private ManualResetValueTaskSourceCore<bool> _source;
    private CancellationTokenRegistration _cancellation;
    private int _claimed;
    private int _holders;

    public Operation(OperationPool pool) => _pool = pool;

    // The request. Written by the caller before the operation is submitted, constant afterwards.
    public OperationKind Kind;
    public string Keyspace = "";
    public ReadOnlyMemory<byte> Key;
    /// <summary>Of a transaction: all of it, serialized.</summary>
    public ReadOnlyMemory<byte> Value;
    public bool Deletes;
    public KvExpectation Expectation;
    public long Delta;
    public ulong Lease;
    /// <summary>UTF-8; null: no fence.</summary>
    public byte[]? FenceLock;
    public ulong FenceToken;
    public KvConsistency Consistency;
    public uint MaxStalenessMilliseconds;
    public ulong AtRevision;
    public long Deadline;
    public TimeSpan Timeout;

    // The attempts. Touched only by the engine's present holder.
    public RangeRoute? Route;
    /// <summary>The node that the present attempt goes to.</summary>
    public ulong Node;
    public ClientSession? Session;
    public ulong Sequence;
    /// <summary>An attempt ended without saying whether the write was proposed. From then on only the same write id may be sent.</summary>
    public bool MayBeApplied;
    public int Attempts;
    public long SentAt;
    public long DueAt;
    public int WireBytes;
    public Failure? LastFailure;

    // The result. Written by whoever claimed it, read by the caller after the completion.
    public Exception? Error;
    /// <summary>The result was decided by the caller's token, while the engine keeps the operation elsewhere.</summary>
    public bool Cancelled;
    public bool Flag;
    public ulong ResultRevision;
    public long ResultNumber;
    public KvEntry? Entry;
    /// <summary>Of a transaction, serialized.</summary>
    public byte[]? Response;

    public bool IsWrite => Kind != OperationKind.Get;

    public bool FromAnyReplica => Kind == OperationKind.Get && Consistency is KvConsistency.Follower or KvConsistency.Bounded or KvConsistency.Stale;

    public bool IsClaimed => Volatile.Read(ref _claimed) != 0;

    public short Version => _source.Version;

    /// <summary>True once: for the party that decides the result.</summary>
    public bool TryClaim() => Volatile.Read(ref _claimed) == 0 && Interlocked.Exchange(ref _claimed, 1) == 0;

    public void Start()
    {
        _holders = 2;
        _claimed = 0;
    }

    /// <summary>Gives back an operation that was never started.</summary>
    public void Discard() => Recycle();

    public void CancelBy(CancellationToken token) =>
        _cancellation = token.UnsafeRegister(static (operation, token) => ((Operation)operation!).OnCancelled(token), this);

    /// <summary>Runs the caller's continuation, here, and lets go.</summary>
    public void Signal()
    {
        if (Error is { } error) _source.SetException(error);
        else _source.SetResult(true);
        if (Cancelled) DropHolder();
        else LetGo();
    }

    /// <summary>The engine no longer has a use for the operation: its sequence is awaited no more.</summary>
    public void LetGo()
    {
        DropSession();
        DropHolder();
    }

    /// <summary>The write will get another id. Allowed only when none of its attempts can have been applied.</summary>
    public void DropSession()
    {
        if (Sequence != 0) Session!.Release(Sequence);
        Sequence = 0;
        Session = null;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _source.OnCompleted(continuation, state, token, flags);

    PutResult IValueTaskSource<PutResult>.GetResult(short token)
    {
        var result = new PutResult(ResultRevision);
        Take(token);
        return result;
    }

    DeleteResult IValueTaskSource<DeleteResult>.GetResult(short token)
    {
        var result = new DeleteResult(Flag, ResultRevision);
        Take(token);
        return result;
    }

    KvEntry? IValueTaskSource<KvEntry?>.GetResult(short token)
    {
        var result = Entry;
        Take(token);
        return result;
    }

    CompareAndSwapResult IValueTaskSource<CompareAndSwapResult>.GetResult(short token)
    {
        var result = new CompareAndSwapResult(Flag, ResultRevision, Entry);
        Take(token);
        return result;
    }

    IncrementResult IValueTaskSource<IncrementResult>.GetResult(short token)
    {
        var result = new IncrementResult(ResultNumber, ResultRevision);
        Take(token);
        return result;
    }

    KvTransactionResult IValueTaskSource<KvTransactionResult>.GetResult(short token)
    {
        var (response, revision) = (Response, ResultRevision);
        Take(token);
        return KvTransactionResult.Parse(response!, revision);
    }

    private void Take(short token)
    {
        try
        {
            _source.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation callback that is under way, so that none meets the operation's next use.
            _cancellation.Dispose();
            DropHolder();
        }
    }

    private void OnCancelled(CancellationToken token)
    {
        if (!TryClaim()) return;
        Error = new OperationCanceledException(token);
        Cancelled = true;
        Interlocked.Increment(ref _holders);
        _pool.OnCancelled(this);
    }

    private void DropHolder()
    {
        if (Interlocked.Decrement(ref _holders) == 0) Recycle();
    }

    private void Recycle()
    {
        _source.Reset();
        _cancellation = default;
        Key = default;
        Value = default;
        Expectation = default;
        Deletes = false;
        Delta = 0;
        Lease = 0;
        FenceLock = null;
        FenceToken = 0;
        Consistency = KvConsistency.Linearizable;
        MaxStalenessMilliseconds = 0;
        AtRevision = 0;
        Route = null;
        Session = null;
        MayBeApplied = false;
        Attempts = 0;
        LastFailure = null;
        Error = null;
        Cancelled = false;
        Flag = false;
        ResultRevision = 0;
        ResultNumber = 0;
        Entry = null;
        Response = null;
        _pool.Return(this);
    }
}
