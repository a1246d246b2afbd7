using System.Globalization;
using KvStore.Client.Internal;
using KvStore.Client.Internal.Recipes;
using KvStore.Client.Locks;

namespace KvStore.Client.Recipes;

/// <summary>
/// Generates ids that are unique in the cluster: positive 64-bit numbers of 41 bits milliseconds since 2025, 10 bits worker and 12 bits counter, so that they sort roughly by time. Almost all are made
/// without asking the cluster. Thread-safe.
/// </summary>
/// <remarks>
/// Promise: no id is given twice, by whomever, also when clocks jump, a process stands still, a lease is lost or everything restarts. A worker's number is a lock, so two do not have the same at once;
/// and before a generator uses times of its number, it reserves them in the store by a fenced write, behind all that were ever reserved for that number. Nothing is given any more once
/// <see cref="KvLock.Lost"/> of the number has fired; the next call takes another number. Ids of one generator grow. Those of different ones are ordered as well as their clocks are, and a clock
/// that was ahead keeps later owners of the number ahead for as long.
/// Limits: 1,024 generators at once; 4,096,000 ids a second each in the long run.
/// </remarks>
/// <example>
/// <code>
/// await using var ids = new KvUniqueIds(client, "orders");
/// var id = await ids.NextAsync();
/// await client.PutAsync($"order/{id}", "3 apples");
/// </code>
/// </example>
public sealed class KvUniqueIds : IAsyncDisposable
{
    /// <summary>The most generators at once.</summary>
    public const int WorkersMax = 1 << IdClock.WorkerBits;

    /// <summary>One write of the store is needed for each such time. So much is left out when a number changes its owner.</summary>
    private const long ReservedMilliseconds = 10_000;

    /// <summary>How long a number that nobody holds may still be about to become free, before another one is tried.</summary>
    private static readonly TimeSpan RemovalWait = TimeSpan.FromSeconds(5);

    /// <summary>The moment that the times in ids count from.</summary>
    public static readonly DateTimeOffset Epoch = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly KvClient _client;
    private readonly KvKeyspace _keyspace;
    private readonly TimeProvider _time;
    private readonly KvLockOptions _lockOptions;
    private readonly int _workers;
    private readonly SemaphoreSlim _reserving = new(1, 1);
    private readonly Lock _gate = new();
    /// <summary>Used under the gate.</summary>
    private readonly IdClock _clock = new();
    /// <summary>The lock of the worker's number. Changed while reserving, read under the gate.</summary>
    private KvLock? _held;
    private int _worker;
    private bool _disposed;

    /// <param name="client">Its default keyspace holds what is reserved.</param>
    /// <param name="name">1 to 500 bytes without '/'. Ids are unique among the generators of a name. The keys are <c>ids/NAME/WORKER</c>, the locks have the same names.</param>
    /// <param name="workers">How many numbers there are, that is generators at once: from 1 to <see cref="WorkersMax"/>.</param>
    /// <param name="options">The time to live of the worker's number and what others see of it. Null: the defaults.</param>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public KvUniqueIds(KvClient client, string name, int workers = WorkersMax, KvLockOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        if (workers is < 1 or > WorkersMax) throw new KvInvalidArgumentException($"There can be from 1 to {WorkersMax} workers; {workers} were asked for.");
        (_client, _time, _workers, _lockOptions, Name) = (client, client.Options.TimeProvider, workers, options ?? new(), RecipeNames.Part(name, "generator's name"));
        _keyspace = client.Keyspace(client.Options.DefaultKeyspace);
    }

    /// <summary>What the ids are unique in.</summary>
    public string Name { get; }

    /// <summary>The next id, greater than all before it of this generator. Asks the cluster at the first call, every 10 s of use, and when the worker's number was lost.</summary>
    /// <exception cref="KvResourceExhaustedException">All workers' numbers are taken, or the times of 41 bits are used up.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    /// <exception cref="KvPreconditionFailedException">The key of the worker holds what is none of this recipe.</exception>
    public async ValueTask<long> NextAsync(CancellationToken cancellationToken = default)
    {
        if (TryNext(out var id)) return id;
        await _reserving.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            while (!TryNext(out id)) await ReserveAsync(cancellationToken).ConfigureAwait(false);
            return id;
        }
        finally
        {
            _reserving.Release();
        }
    }

    /// <summary>When an id was made, by the clock of its generator.</summary>
    public static DateTimeOffset TimeOf(long id) => Epoch.AddMilliseconds(id >> (IdClock.WorkerBits + IdClock.CounterBits));

    /// <summary>The worker's number in an id.</summary>
    public static int WorkerOf(long id) => (int)(id >> IdClock.CounterBits) & (WorkersMax - 1);

    /// <summary>Gives the worker's number back. What is left of its reserved times is not used.</summary>
    public async ValueTask DisposeAsync()
    {
        await _reserving.WaitAsync().ConfigureAwait(false);
        try
        {
            KvLock? held;
            lock (_gate) (held, _held, _disposed) = (_held, null, true);
            if (held is not null) await held.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            _reserving.Release();
        }
    }

    private bool TryNext(out long id)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            id = 0;
            return _held is not null && _held.SafeFor > TimeSpan.Zero && _clock.TryNext(NowMilliseconds, out id);
        }
    }

    private async Task ReserveAsync(CancellationToken cancellationToken)
    {
        if (_held is null || _held.SafeFor == TimeSpan.Zero) await TakeWorkerAsync(cancellationToken).ConfigureAwait(false);
        var key = NameOf(_worker);
        var stored = await _keyspace.GetAsync(key, cancellationToken: cancellationToken).ConfigureAwait(false);
        // What this generator still has left is behind it as well: the reserved times of a number never overlap.
        var start = Math.Max(EndOf(stored), NowMilliseconds);
        var end = start + ReservedMilliseconds;
        if (end > IdClock.MillisecondsEnd) throw new KvResourceExhaustedException($"The times of the ids of '{Name}' are used up: the clock or what worker {_worker} has reserved is beyond {TimeOf(long.MaxValue):u}.");
        try
        {
            var expected = stored is { } there ? KvExpectation.ModRevision(there.ModRevision) : KvExpectation.Absent;
            var reserved = await _keyspace.CompareAndSwapAsync(key, expected, end.ToString(CultureInfo.InvariantCulture), new KvWriteOptions { Fence = _held!.Fence }, cancellationToken).ConfigureAwait(false);
            if (reserved.Swapped) lock (_gate) _clock.Reserve(_worker, start, end);
        }
        catch (KvFencedException e)
        {
            Log.RecipeRetry(_client.Dispatcher.Log, key, e.Message);
            await LetGoAsync().ConfigureAwait(false);
        }
    }

    private async Task TakeWorkerAsync(CancellationToken cancellationToken)
    {
        await LetGoAsync().ConfigureAwait(false);
        var (others, first) = (_workers - 1, Random.Shared.Next(_workers));
        for (var i = 0; i < _workers; i++)
        {
            // The number that it had comes last.
            var worker = i == others ? _worker : (_worker + 1 + ((first + i) % others)) % _workers;
            var number = await _client.Locks.DescribeAsync(NameOf(worker), 1, cancellationToken).ConfigureAwait(false);
            if (number.Holder is not null) continue;
            // A number that somebody has just lost or given back is free as soon as his last token is refused everywhere.
            var wait = number.PendingGroups.Count > 0 ? RemovalWait : TimeSpan.Zero;
            if (await _client.Locks.ClaimAsync(NameOf(worker), _lockOptions, wait, cancellationToken).ConfigureAwait(false) is not { } held) continue;
            // No time of another number is left to be used with this one.
            lock (_gate)
            {
                _clock.Reserve(worker, 0, 0);
                (_held, _worker) = (held, worker);
            }
            return;
        }
        throw new KvResourceExhaustedException($"All {_workers} workers' numbers of '{Name}' are taken.");
    }

    private async Task LetGoAsync()
    {
        KvLock? held;
        lock (_gate) (held, _held) = (_held, null);
        if (held is not null) await held.DisposeAsync().ConfigureAwait(false);
    }

    private string NameOf(int worker) => string.Create(CultureInfo.InvariantCulture, $"ids/{Name}/{worker}");

    private long NowMilliseconds => Math.Max(0, (_time.GetUtcNow() - Epoch).Ticks / TimeSpan.TicksPerMillisecond);

    private static long EndOf(KvEntry? stored) => stored is not { } there ? 0
        : long.TryParse(there.ValueText, NumberStyles.None, CultureInfo.InvariantCulture, out var end) && end <= IdClock.MillisecondsEnd ? end
        : throw new KvPreconditionFailedException($"The key '{there.KeyText}' holds no time that was reserved for ids.");
}
