using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>A graceful stop under way: complete when every loop has given its leaderships away and answered its callers, or at the deadline.</summary>
internal sealed class Drain(int loops, MonotonicTime deadline)
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _loopsLeft = loops;

    public MonotonicTime Deadline { get; } = deadline;

    public Task Completion => _completion.Task;

    public void LoopDone()
    {
        if (Interlocked.Decrement(ref _loopsLeft) == 0) _completion.TrySetResult();
    }
}
