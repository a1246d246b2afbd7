namespace KvStore.Client.Internal.Recipes;

/// <summary>Tells of keys that come into being below a prefix. One waits at a time.</summary>
internal sealed class ArrivalBell : IDisposable
{
    private readonly KvKeyspace _keyspace;
    private readonly string _prefix;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _cancelled;
    private readonly Task _listening;
    private TaskCompletionSource _rung = New();

    public ArrivalBell(KvKeyspace keyspace, string prefix, TimeProvider time, CancellationToken cancellationToken)
    {
        (_keyspace, _prefix, _time, _cancelled) = (keyspace, prefix, time, cancellationToken);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _listening = ListenAsync(_stop.Token);
    }

    /// <summary>
    /// Ends when a key has come since the last wait ended, when the watch has (again) begun so that there may be more than is known, or when the time is over. Whoever looks after each wait misses nothing.
    /// </summary>
    /// <exception cref="KvException">The watch cannot be had.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task WaitAsync(TimeSpan most)
    {
        var rung = Volatile.Read(ref _rung);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_cancelled);
        await Task.WhenAny(rung.Task, _listening, Task.Delay(most, _time, over.Token)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        _cancelled.ThrowIfCancellationRequested();
        if (_listening.IsCompleted) await _listening.ConfigureAwait(false);
        if (rung.Task.IsCompleted) Volatile.Write(ref _rung, New());
    }

    public void Dispose()
    {
        _stop.Cancel();
        // Nobody waits any more for what the watch has to say, a failure included.
        _ = _listening.ContinueWith(static (ended, stop) =>
        {
            _ = ended.Exception;
            ((CancellationTokenSource)stop!).Dispose();
        }, _stop, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var watch = _keyspace.WatchAsync(KvRange.Prefix(_prefix), WatchSteps.FromNow(KvWatchKinds.Puts), cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await watch.MovesAsync().ConfigureAwait(false))
                // Later versions are attempts at jobs that are known.
                if (watch.Current.Events.Count == 0 || watch.Current.Events.Any(put => put.Entry.Version == 1)) Volatile.Read(ref _rung).TrySetResult();
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
