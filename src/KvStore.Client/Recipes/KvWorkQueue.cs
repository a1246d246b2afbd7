using KvStore.Client.Internal.Recipes;
using KvStore.Client.Locks;
using KvStore.Client.Transactions;

namespace KvStore.Client.Recipes;

/// <summary>
/// A queue of jobs for many workers. A job stays in the queue until a worker has completed it; while one works on it, it holds the job's lock, and nobody else is given it. Thread-safe.
/// </summary>
/// <remarks>
/// Promise: an enqueued job is handed out at least once, roughly in order of arrival, and again only after the lease of its last worker has ended or the worker has given it back. It is completed
/// once. A worker that lost its job without noticing can neither complete it nor write anything with <see cref="KvWorkItem.Fence"/>. Effects that are given to
/// <see cref="KvWorkItem.CompleteAsync(IEnumerable{KvOperation}, CancellationToken)"/>, as below, happen exactly once: in the transaction that takes the job off the queue, fenced by the job's lock. They are
/// writes of keys that are colocated with it, which begin with <c>queue/</c>. Other fenced writes are from one worker at a time, but a worker that dies before it completes the job leaves one that runs again:
/// let them tell, as by a key that is created only if it is absent. An effect outside the store is at least once.
/// A job whose worker died is found by a waiting worker at the latest one <see cref="KvLockOptions.TimeToLive"/> after its lease has ended.
/// </remarks>
/// <example>
/// <code>
/// var queue = new KvWorkQueue(client, "mails");
/// await queue.EnqueueAsync("to: ann");
/// await using var job = await queue.TakeAsync();
/// await job.CompleteAsync([KvOperation.Put($"queue/mails/sent/{job.Id}", "by worker 1")]);
/// </code>
/// </example>
public sealed class KvWorkQueue
{
    private readonly KvClient _client;
    private readonly KvKeyspace _keyspace;
    private readonly string _prefix;
    private readonly string _sequenceKey;

    /// <param name="client">Its default keyspace holds the queue.</param>
    /// <param name="name">1 to 500 bytes without '/'. Jobs are the keys <c>queue/NAME/jobs/ID</c>, their locks have the same names.</param>
    /// <exception cref="KvInvalidArgumentException">The name breaks a limit.</exception>
    public KvWorkQueue(KvClient client, string name)
    {
        ArgumentNullException.ThrowIfNull(client);
        (_client, Name) = (client, RecipeNames.Part(name, "queue's name"));
        _keyspace = client.Keyspace(client.Options.DefaultKeyspace);
        (_prefix, _sequenceKey) = ($"queue/{Name}/jobs/", $"queue/{Name}/sequence");
    }

    /// <summary>The queue's name.</summary>
    public string Name { get; }

    /// <summary>Adds a job behind all others.</summary>
    /// <param name="payload">At most as long as a value may be (<see cref="KvKeyspace"/>).</param>
    /// <param name="cancellationToken">Ends the attempt; the job may have been added.</param>
    /// <returns>The job's id: 20 digits.</returns>
    /// <exception cref="KvUnavailableException">No node could answer in time. <see cref="KvException.OutcomeUnknown"/> tells whether the job may have been added.</exception>
    public async Task<string> EnqueueAsync(KvBytes payload, CancellationToken cancellationToken = default)
    {
        var id = RecipeNames.DecimalKey((await _keyspace.IncrementAsync(_sequenceKey, cancellationToken: cancellationToken).ConfigureAwait(false)).Value);
        await _keyspace.PutAsync(_prefix + id, payload, cancellationToken: cancellationToken).ConfigureAwait(false);
        return id;
    }

    /// <summary>How many jobs are not completed, those that are worked on included.</summary>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public Task<long> CountAsync(CancellationToken cancellationToken = default) => _keyspace.CountAsync(KvRange.Prefix(_prefix), cancellationToken: cancellationToken);

    /// <summary>The first job that nobody works on.</summary>
    /// <param name="options">How long the job stays this caller's when it can no longer renew it, and what others see of it. Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Null: there is none.</returns>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public async Task<KvWorkItem?> TryTakeAsync(KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        await foreach (var entry in _keyspace.ScanAsync(KvRange.Prefix(_prefix), new KvScanOptions { PageSize = 16 }, cancellationToken).ConfigureAwait(false))
        {
            var name = entry.KeyText;
            if ((await _client.Locks.DescribeAsync(name, 1, cancellationToken).ConfigureAwait(false)).Holder is not null) continue;
            if (await _client.Locks.TryAcquireAsync(name, options, cancellationToken).ConfigureAwait(false) is not { } held) continue;
            if (await StartAsync(entry, held, cancellationToken).ConfigureAwait(false) is { } item) return item;
        }
        return null;
    }

    /// <summary>Waits for a job that nobody works on.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="KvTimeoutException"><see cref="KvLockOptions.Wait"/> was over before.</exception>
    /// <exception cref="KvUnavailableException">No node could answer for longer than <see cref="KvClientOptions.Timeout"/>.</exception>
    public async Task<KvWorkItem> TakeAsync(KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var (time, started) = (_client.Options.TimeProvider, _client.Options.TimeProvider.GetTimestamp());
        if (await TryTakeAsync(options, cancellationToken).ConfigureAwait(false) is { } there) return there;
        using var arrivals = new ArrivalBell(_keyspace, _prefix, time, cancellationToken);
        while (true)
        {
            var left = options.Wait is { } whole ? whole - time.GetElapsedTime(started) : options.TimeToLive;
            if (left <= TimeSpan.Zero) throw new KvTimeoutException($"take a job of queue '{Name}': there was none for {Internal.FailureTranslation.Seconds(options.Wait ?? default)}");
            await arrivals.WaitAsync(left < options.TimeToLive ? left : options.TimeToLive).ConfigureAwait(false);
            if (await TryTakeAsync(options, cancellationToken).ConfigureAwait(false) is { } item) return item;
        }
    }

    /// <summary>Writes the job once more, which counts the attempt and finds out that it is still there. Null: it is not, and the lock is free again.</summary>
    private async Task<KvWorkItem?> StartAsync(KvEntry entry, KvLock held, CancellationToken cancellationToken)
    {
        KvWorkItem? item = null;
        try
        {
            KvEntry? there = entry;
            while (item is null && there is { } job)
            {
                var counted = await _keyspace.CompareAndSwapAsync(job.Key, KvExpectation.ModRevision(job.ModRevision), job.Value, new KvWriteOptions { Fence = held.Fence }, cancellationToken).ConfigureAwait(false);
                if (counted.Swapped) item = new KvWorkItem(_keyspace, job.KeyText[_prefix.Length..], job, held, (long)job.Version);
                else there = counted.Current;
            }
            return item;
        }
        catch (KvFencedException e)
        {
            Internal.Log.RecipeRetry(_client.Dispatcher.Log, held.Name, e.Message);
            return null;
        }
        finally
        {
            if (item is null) await held.DisposeAsync().ConfigureAwait(false);
        }
    }
}
