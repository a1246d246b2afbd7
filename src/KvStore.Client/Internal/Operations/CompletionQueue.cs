using System.Collections.Concurrent;
using KvStore.Client.Internal.Transport;

namespace KvStore.Client.Internal.Operations;

/// <summary>
/// Operations that have their result and wait for their caller's continuation to run. Continuations run inline, many to a thread, and whatever operations they start are sent
/// together afterwards. A continuation that blocks delays the rest only until the client's pulse finds the queue standing still and lets another thread go on with it.
/// </summary>
internal sealed class CompletionQueue : IThreadPoolWorkItem
{
    /// <summary>After so many continuations what they started is sent, so that a long queue does not leave the nodes idle.</summary>
    private const int FlushEvery = 256;

    [ThreadStatic] private static List<IOperationSender>? t_unflushed;
    [ThreadStatic] private static bool t_draining;

    private readonly ConcurrentQueue<Operation> _completed = new();
    private long _drained;
    private long _drainedAtLastPulse;

    /// <summary>True when this thread is running continuations: the sender will be flushed after them, by <see cref="Drain"/>.</summary>
    public static bool FlushesLater(IOperationSender sender)
    {
        if (!t_draining) return false;
        var unflushed = t_unflushed ??= [];
        if (!unflushed.Contains(sender)) unflushed.Add(sender);
        return true;
    }

    public bool IsEmpty => _completed.IsEmpty;

    /// <summary>Takes over the engine's hold.</summary>
    public void Add(Operation operation) => _completed.Enqueue(operation);

    /// <summary>Runs the continuations on this thread, unless it is running some already.</summary>
    public void Drain()
    {
        if (t_draining) return;
        t_draining = true;
        try
        {
            var count = 0;
            while (_completed.TryDequeue(out var operation))
            {
                Interlocked.Increment(ref _drained);
                operation.Signal();
                if (++count % FlushEvery == 0) Flush();
            }
        }
        finally
        {
            t_draining = false;
            Flush();
        }
    }

    public void DrainElsewhere()
    {
        if (!_completed.IsEmpty) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute() => Drain();

    /// <summary>Called by the pulse.</summary>
    public void DrainIfStuck()
    {
        var drained = Interlocked.Read(ref _drained);
        if (drained == _drainedAtLastPulse) DrainElsewhere();
        _drainedAtLastPulse = drained;
    }

    private static void Flush()
    {
        // What a flush does may leave further senders to be flushed.
        while (t_unflushed is { Count: > 0 } unflushed)
        {
            var sender = unflushed[^1];
            unflushed.RemoveAt(unflushed.Count - 1);
            sender.Flush();
        }
    }
}
