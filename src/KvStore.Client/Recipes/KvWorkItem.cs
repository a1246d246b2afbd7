using KvStore.Client.Locks;
using KvStore.Client.Transactions;

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

    /// <summary>Takes the job off the queue for ever. Effects in the store that must happen once go with it: <see cref="CompleteAsync(IEnumerable{KvOperation}, CancellationToken)"/>.</summary>
    /// <exception cref="KvFencedException">The job was lost to another one: the work will have been done again. Nothing was changed.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time. The job may be completed, or be handed out again.</exception>
    public async Task CompleteAsync(CancellationToken cancellationToken = default)
    {
        await _keyspace.DeleteAsync(_key, new KvWriteOptions { Fence = Fence }, cancellationToken).ConfigureAwait(false);
        await _held.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Takes the job off the queue and carries out what it was for, at one revision or not at all: the effects of a job happen exactly once, however often it was handed out.
    /// </summary>
    /// <param name="effects">Operations on keys that are colocated with the queue: those that begin with <c>queue/</c>, such as <c>queue/NAME/done/ID</c>.</param>
    /// <param name="cancellationToken">Ends the attempt; job and effects may have been carried out, both of them.</param>
    /// <returns>The results of <paramref name="effects"/> in order, and behind them that of taking off the job.</returns>
    /// <exception cref="KvFencedException">The job was lost to another one, or was completed before. Nothing was changed.</exception>
    /// <exception cref="KvNotColocatedException">An effect lies elsewhere. Nothing was changed, and the job is still this caller's.</exception>
    /// <exception cref="KvNotFoundException">Somebody has deleted the job. Nothing was changed.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time. Job and effects may have been carried out, both of them, or the job is handed out again.</exception>
    public async Task<KvTransactionResult> CompleteAsync(IEnumerable<KvOperation> effects, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(effects);
        var result = await _keyspace.Transaction().When(KvCompare.Exists(_key)).Then(effects.Append(KvOperation.Delete(_key)))
            .CommitAsync(new KvWriteOptions { Fence = Fence }, cancellationToken).ConfigureAwait(false);
        if (!result.Succeeded) throw new KvNotFoundException($"complete job {Id}: it was deleted from its queue");
        await _held.DisposeAsync().ConfigureAwait(false);
        return result;
    }

    /// <summary>Gives the job back, if it was not completed: it can be taken again at once.</summary>
    public ValueTask DisposeAsync() => _held.DisposeAsync();
}
