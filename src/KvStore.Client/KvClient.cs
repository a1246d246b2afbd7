using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Client.Elections;
using KvStore.Client.Internal;
using KvStore.Client.Internal.Operations;
using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Transport;
using KvStore.Client.Internal.Watching;
using KvStore.Client.Leases;
using KvStore.Client.Locks;
using KvStore.Client.Transactions;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Client;

/// <summary>
/// A client of a KvStore cluster. Thread-safe; make one and share it: its calls are batched together, and the more there are at once, the larger the batches.
/// It finds the leader of each key's range by itself and follows it, and retries what is safe to retry until the call's deadline. A write is applied once, however often it had to be sent.
/// </summary>
/// <remarks>
/// A continuation of an awaited call may run on the thread that received the answer, together with others: do not block in it for long.
/// A cancelled write may have taken effect.
/// </remarks>
public sealed class KvClient : IAsyncDisposable
{
    /// <summary>A node answers many reads in one message; an event carries two values.</summary>
    private const int MessageBytesMax = 256 << 20;

    private readonly Dispatcher _dispatcher;
    private readonly OperationPool _pool;
    private readonly KvClientOptions _options;
    private readonly KvKeyspace _default;
    private volatile bool _disposed;

    internal KvClient(IEnumerable<string> endpoints, KvClientOptions options, Func<string, ChannelBase> createChannel)
    {
        _options = options.Checked();
        var seeds = endpoints.Concat(options.Endpoints).SelectMany(Endpoint.Parse).Distinct().ToArray();
        if (seeds.Length == 0) throw new KvInvalidArgumentException("No endpoint was given.");
        var log = (options.LoggerFactory ?? NullLoggerFactory.Instance).CreateLogger("KvStore.Client");
        var backoff = new Backoff(options.BackoffMin, options.BackoffMax, options.TimeProvider);
        var scheme = seeds[0].Scheme;
        Dispatcher? dispatcher = null;
        var connections = new ConnectionTable(address => new NodeConnection(address, createChannel($"{scheme}://{address}"), backoff,
            connection => options.Transport == KvTransport.Session ? new SessionSender(connection, dispatcher!) : new UnarySender(connection, dispatcher!),
            connection => new WatchLines(connection, dispatcher!)));
        var topology = new TopologySource(connections, [.. seeds.Select(s => s.Address)], options.TimeProvider, log);
        _dispatcher = dispatcher = new Dispatcher(connections, topology, _options, backoff, log);
        _pool = new OperationPool(dispatcher.Completions);
        _default = Keyspace(options.DefaultKeyspace);
        Cluster = new KvCluster(dispatcher, this);
        Leases = new KvLeases(this);
        Locks = new KvLocks(this);
        Elections = new KvElections(this);
    }

    /// <summary>What concerns the cluster rather than keys: the cluster map, node status, leadership.</summary>
    public KvCluster Cluster { get; }

    /// <summary>Leases, which keys can be attached to.</summary>
    public KvLeases Leases { get; }

    /// <summary>Locks with fencing tokens.</summary>
    public KvLocks Locks { get; }

    /// <summary>Elections: locks whose holder others follow.</summary>
    public KvElections Elections { get; }

    internal Dispatcher Dispatcher => _dispatcher;

    internal OperationPool Pool => _pool;

    internal KvClientOptions Options => _options;

    internal bool IsDisposed => _disposed;

    /// <summary>Makes a client and fetches the cluster map.</summary>
    /// <param name="endpoints">Nodes as <c>http://host:port</c> or <c>host:port</c>, separated by commas; a later one may leave the host out: <c>http://127.0.0.1:7101,7102,7103</c>.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="KvInvalidArgumentException">An endpoint or an option is malformed.</exception>
    /// <exception cref="KvUnavailableException">No node gave the map within <see cref="KvClientOptions.ConnectTimeout"/>. When every node refuses the connection, that is said at once.</exception>
    public static Task<KvClient> ConnectAsync(string endpoints, KvClientOptions? options = null, CancellationToken cancellationToken = default) => ConnectAsync([endpoints], options, cancellationToken);

    /// <inheritdoc cref="ConnectAsync(string, KvClientOptions?, CancellationToken)"/>
    public static async Task<KvClient> ConnectAsync(IEnumerable<string> endpoints, KvClientOptions? options = null, CancellationToken cancellationToken = default)
    {
        var client = Create(endpoints, options);
        try
        {
            await client.OpenAsync(cancellationToken).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a client that connects when it is first used. <see cref="ConnectAsync(string, KvClientOptions?, CancellationToken)"/> tells at once whether the cluster can be reached.</summary>
    /// <exception cref="KvInvalidArgumentException">An endpoint or an option is malformed, or there is no endpoint.</exception>
    public static KvClient Create(IEnumerable<string> endpoints, KvClientOptions? options = null) => new(endpoints, options ?? new(), static address => GrpcChannel.ForAddress(address, new GrpcChannelOptions { MaxReceiveMessageSize = MessageBytesMax }));

    /// <summary>The operations on one keyspace. Cheap; unknown keyspaces are found out by the first operation.</summary>
    /// <exception cref="KvInvalidArgumentException">The name is empty.</exception>
    public KvKeyspace Keyspace(string name) => string.IsNullOrEmpty(name) ? throw new KvInvalidArgumentException("The keyspace's name is empty.") : new KvKeyspace(this, name);

    /// <inheritdoc cref="KvKeyspace.GetAsync"/>
    public ValueTask<KvEntry?> GetAsync(KvBytes key, KvReadOptions? options = null, CancellationToken cancellationToken = default) => _default.GetAsync(key, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.PutAsync"/>
    public ValueTask<PutResult> PutAsync(KvBytes key, KvBytes value, KvWriteOptions? options = null, CancellationToken cancellationToken = default) => _default.PutAsync(key, value, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.DeleteAsync"/>
    public ValueTask<DeleteResult> DeleteAsync(KvBytes key, KvWriteOptions? options = null, CancellationToken cancellationToken = default) => _default.DeleteAsync(key, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.CompareAndSwapAsync"/>
    public ValueTask<CompareAndSwapResult> CompareAndSwapAsync(KvBytes key, KvExpectation expected, KvBytes value, KvWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        _default.CompareAndSwapAsync(key, expected, value, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.CompareAndDeleteAsync"/>
    public ValueTask<CompareAndSwapResult> CompareAndDeleteAsync(KvBytes key, KvExpectation expected, KvWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        _default.CompareAndDeleteAsync(key, expected, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.IncrementAsync"/>
    public ValueTask<IncrementResult> IncrementAsync(KvBytes key, long delta = 1, KvWriteOptions? options = null, CancellationToken cancellationToken = default) => _default.IncrementAsync(key, delta, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.ScanAsync"/>
    public IAsyncEnumerable<KvEntry> ScanAsync(KvRange range, KvScanOptions? options = null, CancellationToken cancellationToken = default) => _default.ScanAsync(range, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.CountAsync"/>
    public Task<long> CountAsync(KvRange range, KvScanOptions? options = null, CancellationToken cancellationToken = default) => _default.CountAsync(range, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.WatchAsync"/>
    public IAsyncEnumerable<KvWatchBatch> WatchAsync(KvRange range, KvWatchOptions? options = null, CancellationToken cancellationToken = default) => _default.WatchAsync(range, options, cancellationToken);

    /// <inheritdoc cref="KvKeyspace.Transaction"/>
    public KvTransaction Transaction() => _default.Transaction();

    /// <summary>Closes the connections. Calls that are under way fail with <see cref="KvUnavailableException"/>.</summary>
    public ValueTask DisposeAsync()
    {
        if (_disposed) return ValueTask.CompletedTask;
        _disposed = true;
        _dispatcher.Close();
        return ValueTask.CompletedTask;
    }

    internal TimeSpan TimeoutOf(TimeSpan? timeout) => timeout is { } given ? KvClientOptions.Check(given, nameof(KvWriteOptions.Timeout)) : _options.Timeout;

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        var time = _options.TimeProvider;
        var started = time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            var refresh = _dispatcher.Topology.RefreshAsync();
            var left = _options.ConnectTimeout - time.GetElapsedTime(started);
            Failure? failure;
            try
            {
                failure = await refresh.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                throw new KvUnavailableException($"No node gave the cluster map within {FailureTranslation.Seconds(_options.ConnectTimeout)}.");
            }
            if (failure is null) return;
            if (!failure.OutcomeUnknown && failure.Cause is not null) throw new KvUnavailableException($"No node can be reached: {failure.Message}", KvOutcome.NotApplied, failure.Cause);
            if (time.GetElapsedTime(started) >= _options.ConnectTimeout) throw new KvUnavailableException($"No node gave the cluster map within {FailureTranslation.Seconds(_options.ConnectTimeout)}: {failure.Message}", KvOutcome.NotApplied, failure.Cause);
            await Task.Delay(_dispatcher.Pause(attempt), time, cancellationToken).ConfigureAwait(false);
        }
    }
}
