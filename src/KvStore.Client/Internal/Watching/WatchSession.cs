using System.Runtime.CompilerServices;

namespace KvStore.Client.Internal.Watching;

/// <summary>One enumeration of a watch: its parts, one a range, and their events merged.</summary>
internal sealed class WatchSession(Dispatcher dispatcher, string keyspace, KvRange range, KvWatchOptions options, KvClientOptions client)
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly List<Task> _running = [];
    private readonly List<WatchPosition> _starts = [];
    private readonly TaskCompletionSource _allEstablished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _unestablished;
    private bool _isEstablished;

    public string Keyspace => keyspace;

    public KvWatchOptions Options => options;

    public TimeSpan Timeout => client.Timeout;

    public TimeProvider Time => client.TimeProvider;

    public WatchBuffer Buffer { get; } = new(options.BufferBytes);

    public async IAsyncEnumerable<KvWatchBatch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BeginAll();
        try
        {
            var positions = WatchPositions.Empty(keyspace);
            await _allEstablished.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            foreach (var start in _starts) positions = positions.With(start);
            if (options.Bookmarks == KvWatchBookmarks.Deliver)
                foreach (var start in positions.Entries) yield return new KvWatchBatch([], start.RangeId, start.Revision, positions);
            while (true)
            {
                var item = await Buffer.TakeAsync(cancellationToken).ConfigureAwait(false);
                positions = positions.With(item.Position);
                if (item.Events.Count > 0 || options.Bookmarks == KvWatchBookmarks.Deliver) yield return new KvWatchBatch(item.Events, item.Position.RangeId, item.Position.Revision, positions);
            }
        }
        finally
        {
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Begins another part, behind a revision or (null) from now.</summary>
    /// <exception cref="KvInvalidArgumentException">The caller named a revision of one range, and there are several.</exception>
    public void Begin(KvRange interval, ulong? revision)
    {
        lock (_gate)
        {
            if (options.FromRevision != 0 && !_isEstablished)
                throw new KvInvalidArgumentException($"{nameof(KvWatchOptions.FromRevision)}: the interval lies in several ranges, whose revisions do not compare; use {nameof(KvWatchOptions.ResumeFrom)} or watch each range by itself.");
            Run(interval, revision);
        }
    }

    /// <summary>A part has begun for the first time.</summary>
    public void Established(WatchPosition start)
    {
        lock (_gate)
        {
            if (_isEstablished) return;
            _starts.Add(start);
            if (--_unestablished > 0) return;
            _isEstablished = true;
            _allEstablished.TrySetResult();
        }
    }

    /// <summary>The watch ends with an exception, behind what it has told.</summary>
    public void Fail(Exception failure)
    {
        Buffer.Fail(failure);
        lock (_gate)
            if (!_isEstablished) _allEstablished.TrySetException(failure);
    }

    private void BeginAll()
    {
        lock (_gate)
        {
            if (options.ResumeFrom is not { } token)
            {
                Run(range, options.FromRevision == 0 ? null : options.FromRevision - 1);
                return;
            }
            if (token.Positions.Keyspace != keyspace) throw new KvInvalidArgumentException($"The resume token is of keyspace '{token.Positions.Keyspace}', not of '{keyspace}'.");
            var parts = token.Positions.Within(range) ?? throw new KvInvalidArgumentException("The resume token is of a watch that did not cover all of these keys.");
            foreach (var part in parts) Run(part.Interval, part.Revision);
        }
    }

    /// <summary>Under the lock.</summary>
    private void Run(KvRange interval, ulong? revision)
    {
        if (!_isEstablished) _unestablished++;
        var part = new WatchPart(this, dispatcher, interval, revision);
        _running.Add(Task.Run(() => part.RunAsync(_ended.Token)));
    }

    private async Task EndAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        while (true)
        {
            Task[] running;
            lock (_gate) running = [.. _running.Where(task => !task.IsCompleted)];
            if (running.Length == 0) break;
            await Task.WhenAll(running).ConfigureAwait(false);
        }
        _ended.Dispose();
    }
}
