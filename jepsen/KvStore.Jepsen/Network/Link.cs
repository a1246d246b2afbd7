namespace KvStore.Jepsen.Network;

/// <summary>One direction between two nodes, or between all clients and a node. Thread-safe.</summary>
internal sealed class Link
{
    private readonly Lock _gate = new();
    private readonly HashSet<ProxyConnection> _connections = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LinkCondition _condition;

    public LinkCondition Condition
    {
        get
        {
            lock (_gate) return _condition;
        }

        set
        {
            TaskCompletionSource changed;
            lock (_gate)
            {
                _condition = value;
                changed = _changed;
                _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
        }
    }

    /// <summary>Breaks every connection that uses the link, by a TCP reset.</summary>
    public void Reset()
    {
        ProxyConnection[] connections;
        lock (_gate) connections = [.. _connections];
        foreach (var connection in connections) connection.Abort();
    }

    /// <summary>Complete when a piece of so many bytes may go on.</summary>
    public async ValueTask PassAsync(int bytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            LinkCondition condition;
            Task changed;
            lock (_gate) (condition, changed) = (_condition, _changed.Task);
            if (condition.IsCut)
            {
                await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            var wait = condition.Delay;
            if (condition.BytesPerSecond > 0) wait += TimeSpan.FromSeconds((double)bytes / condition.BytesPerSecond);
            if (wait > TimeSpan.Zero) await Task.WhenAny(changed, Task.Delay(wait, cancellationToken)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (!Condition.IsCut) return;
        }
    }

    internal void Add(ProxyConnection connection)
    {
        lock (_gate) _connections.Add(connection);
    }

    internal void Remove(ProxyConnection connection)
    {
        lock (_gate) _connections.Remove(connection);
    }
}
