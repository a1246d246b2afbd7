using System.Text;
using Google.Protobuf;
using KvStore.Client.Internal;
using KvStore.Client.Internal.Operations;
using KvStore.Client.Internal.Watching;
using KvStore.Client.Transactions;

namespace KvStore.Client;

/// <summary>The operations on the keys of one keyspace. Thread-safe.</summary>
/// <remarks>
/// Limits: a key has 1 to 4,096 bytes, a value at most 1 MiB unless the nodes are configured otherwise, and never more than 3 MiB.
/// All operations throw <see cref="KvTimeoutException"/> or <see cref="KvUnavailableException"/> at their deadline,
/// <see cref="KvResourceExhaustedException"/> when the cluster refused them until then, <see cref="KvInvalidArgumentException"/> when a limit is broken,
/// and <see cref="KvNotFoundException"/> when there is no such keyspace. Await each returned task exactly once.
/// </remarks>
public sealed class KvKeyspace
{
    private const int KeyBytesMax = 4096;
    private const int ValueBytesMax = 3 << 20;

    private readonly KvClient _client;

    internal KvKeyspace(KvClient client, string name)
    {
        _client = client;
        Name = name;
    }

    /// <summary>The keyspace's name.</summary>
    public string Name { get; }

    /// <summary>Reads a key.</summary>
    /// <returns>Null when there is no such key.</returns>
    /// <exception cref="KvCompactedException">The asked revision is gone from the history.</exception>
    public ValueTask<KvEntry?> GetAsync(KvBytes key, KvReadOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = Begin(OperationKind.Get, key, options?.Timeout, cancellationToken);
        if (options is not null)
        {
            operation.Consistency = options.Consistency;
            operation.AtRevision = options.Revision;
            if (options.Consistency == KvConsistency.Bounded) operation.MaxStalenessMilliseconds = StalenessOf(options.MaxStaleness);
        }
        var version = Submit(operation, cancellationToken);
        return new ValueTask<KvEntry?>(operation, version);
    }

    /// <summary>Sets a key's value, whether or not there is such a key.</summary>
    /// <exception cref="KvSessionExpiredException">Whether the write took effect cannot be known any more.</exception>
    public ValueTask<PutResult> PutAsync(KvBytes key, KvBytes value, KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = BeginWrite(OperationKind.Put, key, options, cancellationToken);
        operation.Value = Checked(value, operation, "value");
        var version = Submit(operation, cancellationToken);
        return new ValueTask<PutResult>(operation, version);
    }

    /// <summary>Deletes a key, if there is such a key.</summary>
    /// <exception cref="KvSessionExpiredException">Whether the write took effect cannot be known any more.</exception>
    public ValueTask<DeleteResult> DeleteAsync(KvBytes key, KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = BeginWrite(OperationKind.Delete, key, options, cancellationToken);
        var version = Submit(operation, cancellationToken);
        return new ValueTask<DeleteResult>(operation, version);
    }

    /// <summary>Sets a key's value if the key is as expected; tells what is there instead if not.</summary>
    /// <exception cref="KvSessionExpiredException">Whether the write took effect cannot be known any more.</exception>
    public ValueTask<CompareAndSwapResult> CompareAndSwapAsync(KvBytes key, KvExpectation expected, KvBytes value, KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = BeginWrite(OperationKind.CompareAndSwap, key, options, cancellationToken);
        operation.Expectation = expected;
        operation.Value = Checked(value, operation, "value");
        _ = Checked(expected.ExpectedValue, operation, "expected value");
        var version = Submit(operation, cancellationToken);
        return new ValueTask<CompareAndSwapResult>(operation, version);
    }

    /// <summary>Deletes a key if it is as expected; tells what is there instead if not.</summary>
    /// <exception cref="KvSessionExpiredException">Whether the write took effect cannot be known any more.</exception>
    public ValueTask<CompareAndSwapResult> CompareAndDeleteAsync(KvBytes key, KvExpectation expected, KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = BeginWrite(OperationKind.CompareAndSwap, key, options, cancellationToken);
        operation.Expectation = expected;
        operation.Deletes = true;
        _ = Checked(expected.ExpectedValue, operation, "expected value");
        var version = Submit(operation, cancellationToken);
        return new ValueTask<CompareAndSwapResult>(operation, version);
    }

    /// <summary>Adds to a number that is stored as decimal ASCII digits. A key that does not exist counts from 0.</summary>
    /// <exception cref="KvPreconditionFailedException">The value is no 64-bit number, or the sum would be none. Nothing was changed.</exception>
    /// <exception cref="KvSessionExpiredException">Whether the write took effect cannot be known any more.</exception>
    public ValueTask<IncrementResult> IncrementAsync(KvBytes key, long delta = 1, KvWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        var operation = BeginWrite(OperationKind.Increment, key, options, cancellationToken);
        operation.Delta = delta;
        var version = Submit(operation, cancellationToken);
        return new ValueTask<IncrementResult>(operation, version);
    }

    /// <summary>
    /// Reads an interval of keys in key order, page by page as the caller enumerates. Keys of one range come from one snapshot of it; different ranges are read one after the other.
    /// </summary>
    public IAsyncEnumerable<KvEntry> ScanAsync(KvRange range, KvScanOptions? options = null, CancellationToken cancellationToken = default)
    {
        var pager = Pager(options);
        return IsEmpty(range) ? AsyncEnumerable.Empty<KvEntry>() : pager.ReadAsync(range, cancellationToken);
    }

    /// <summary>Counts the keys of an interval without fetching them. <see cref="KvScanOptions.Limit"/> has no effect.</summary>
    public Task<long> CountAsync(KvRange range, KvScanOptions? options = null, CancellationToken cancellationToken = default)
    {
        var pager = Pager(options);
        return IsEmpty(range) ? Task.FromResult(0L) : pager.CountAsync(range, cancellationToken);
    }

    /// <summary>
    /// Watches a key, a prefix or an interval: gives what is written, in order within each range, complete and without repetitions, all events of a revision in one batch. Goes on by
    /// itself after lost connections, leader changes and restarts of nodes, for as long as the caller enumerates. The watch begins with the first
    /// <see cref="IAsyncEnumerator{T}.MoveNextAsync"/>; a slow consumer holds nobody up.
    /// </summary>
    /// <remarks>To read a state and then follow it: take bookmarks (<see cref="KvWatchOptions.Bookmarks"/>), read after the first one, and skip events up to each entry's mod revision.</remarks>
    /// <param name="range">The keys; they may lie in several ranges.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the watch with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="KvCompactedException">History that the watch had still to tell is gone. Read the state anew.</exception>
    /// <exception cref="KvFutureRevisionException"><see cref="KvWatchOptions.FromRevision"/> is beyond the range's next revision.</exception>
    /// <exception cref="KvInvalidArgumentException">The interval is empty, an option is wrong, the token is of other keys, or a revision was given for several ranges.</exception>
    /// <exception cref="KvNotFoundException">There is no such keyspace.</exception>
    /// <exception cref="KvUnavailableException">The watch could not be established within <see cref="KvClientOptions.Timeout"/>. Afterwards it tries for ever.</exception>
    public IAsyncEnumerable<KvWatchBatch> WatchAsync(KvRange range, KvWatchOptions? options = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_client.IsDisposed, _client);
        if (IsEmpty(range)) throw new KvInvalidArgumentException("The watched interval is empty.");
        return new WatchSession(_client.Dispatcher, Name, range, (options ?? new KvWatchOptions()).Checked(), _client.Options).ReadAsync(cancellationToken);
    }

    /// <summary>Begins a transaction: conditions, and one of two lists of operations, atomically within one colocation unit.</summary>
    public KvTransaction Transaction() => new(this);

    internal ValueTask<KvTransactionResult> CommitAsync(ByteString key, byte[] transaction, KvWriteOptions? options, CancellationToken cancellationToken)
    {
        // An interval of the whole keyspace begins with no key; any node finds the range.
        var operation = BeginWrite(OperationKind.Transaction, key.IsEmpty ? new byte[1] : key.Memory, options, cancellationToken);
        operation.Value = transaction;
        var version = Submit(operation, cancellationToken);
        return new ValueTask<KvTransactionResult>(operation, version);
    }

    private static bool IsEmpty(KvRange range) => range.End.Length > 0 && range.Start.Memory.Span.SequenceCompareTo(range.End.Memory.Span) >= 0;

    private ScanPager Pager(KvScanOptions? options)
    {
        ObjectDisposedException.ThrowIf(_client.IsDisposed, _client);
        options ??= new KvScanOptions();
        if (options.PageSize < 0) throw new KvInvalidArgumentException($"{nameof(KvScanOptions.PageSize)} is {options.PageSize}; it must not be negative.");
        if (options.Limit < 0) throw new KvInvalidArgumentException($"{nameof(KvScanOptions.Limit)} is {options.Limit}; it must not be negative.");
        if (options.Consistency == KvConsistency.Bounded) StalenessOf(options.MaxStaleness);
        return new ScanPager(_client.Dispatcher, Name, options, _client.TimeoutOf(options.Timeout));
    }

    private Operation BeginWrite(OperationKind kind, KvBytes key, KvWriteOptions? options, CancellationToken cancellationToken)
    {
        if (options is { Lease.IsNone: false } && kind != OperationKind.Put) throw new KvInvalidArgumentException($"{nameof(KvWriteOptions.Lease)} is given; only a put takes one.");
        var fence = options?.Fence is { } given ? Checked(given) : null;
        var operation = Begin(kind, key, options?.Timeout, cancellationToken);
        if (options is null) return operation;
        operation.Lease = options.Lease.Value;
        operation.FenceLock = fence;
        operation.FenceToken = options.Fence?.Token ?? 0;
        return operation;
    }

    private static byte[] Checked(KvFence fence)
    {
        var name = Encoding.UTF8.GetBytes(fence.Lock ?? "");
        if (name.Length is 0 or > KeyBytesMax) throw new KvInvalidArgumentException($"{nameof(KvWriteOptions.Fence)} names a lock of {name.Length} bytes; it must have 1 to {KeyBytesMax}.");
        return fence.Token != 0 ? name : throw new KvInvalidArgumentException($"{nameof(KvWriteOptions.Fence)} has token 0; tokens begin at 1.");
    }

    private Operation Begin(OperationKind kind, KvBytes key, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_client.IsDisposed, _client);
        if (key.Length is 0 or > KeyBytesMax) throw new KvInvalidArgumentException($"key has {key.Length} bytes; it must have 1 to {KeyBytesMax}.");
        var limit = _client.TimeoutOf(timeout);
        cancellationToken.ThrowIfCancellationRequested();
        var operation = _client.Pool.Rent();
        operation.Kind = kind;
        operation.Keyspace = Name;
        operation.Key = key.Memory;
        operation.Timeout = limit;
        return operation;
    }

    private short Submit(Operation operation, CancellationToken cancellationToken)
    {
        operation.Deadline = _client.Dispatcher.DeadlineAfter(operation.Timeout);
        operation.Start();
        var version = operation.Version;
        if (cancellationToken.CanBeCanceled) operation.CancelBy(cancellationToken);
        _client.Dispatcher.Submit(operation);
        return version;
    }

    private static ReadOnlyMemory<byte> Checked(KvBytes value, Operation operation, string field)
    {
        if (value.Length <= ValueBytesMax) return value.Memory;
        operation.Discard();
        throw new KvInvalidArgumentException($"{field} has {value.Length} bytes; the limit is {ValueBytesMax}.");
    }

    private static uint StalenessOf(TimeSpan staleness) => staleness >= TimeSpan.FromMilliseconds(1) && staleness.TotalMilliseconds <= uint.MaxValue
        ? (uint)staleness.TotalMilliseconds
        : throw new KvInvalidArgumentException($"{nameof(KvReadOptions.MaxStaleness)} is {staleness}; it must be between 1 ms and 49 days.");
}
