using KvStore.Client.Locks;

namespace KvStore.Client.Recipes;

/// <summary>
/// A job that this caller works on until it is completed or disposed, or <see cref="Lost"/>. Whatever the work writes is written with <see cref="Fence"/>: then nothing of it is applied any more
/// once another one has the job. Thread-safe.
/// </summary>
public sealed class KvWorkItem : IAsyncDisposable
{
    private readonly KvKeyspace _keyspace;
    private readonly KvBytes _key;
    private readonly KvLock _held;

    internal KvWorkItem(KvKeyspace keyspace, string id, KvEntry entry, KvLock held, long attempt) =>
        (_keyspace, _key, _held, Id, Payload, Attempt) = (keyspace, entry.Key, held, id, entry.Value, attempt);

    /// <summary>Names the job in its queue: 20 digits, in order of arrival.</summary>
    public string Id { get; }

    /// <summary>As enqueued.</summary>
    public KvBytes Payload { get; }

    /// <summary>1 when it is handed out for the first time, then 2 and so on. A job with many attempts kills its workers, or each of them gave up.</summary>
    public long Attempt { get; }

    /// <summary>To be given to the writes of the work: <see cref="KvWriteOptions.Fence"/>.</summary>
    public KvFence Fence => _held.Fence;

    /// <summary>Cancelled before another one can get the job: see <see cref="KvLock.Lost"/>.</summary>
    public CancellationToken Lost => _held.Lost;

    /// <summary>How long the job certainly stays this caller's without a further renewal.</summary>
    public TimeSpan SafeFor => _held.SafeFor;

    /// <summary>Takes the job off the queue for ever.</summary>
    /// <exception cref="KvFencedException">The job was lost to another one: the work will have been done again. Nothing was changed.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time. The job may be completed, or be handed out again.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        await _keyspace.DeleteAsync(_key, new KvWriteOptions { Fence = Fence }, cancellationToken).ConfigureAwait(false);
        await _held.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Gives the job back, if it was not completed: it can be taken again at once.</summary>
    public ValueTask DisposeAsync() => _held.DisposeAsync();
}
