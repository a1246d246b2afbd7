using KvStore.Raft;

namespace KvStore.Node.Reads;

/// <summary>A read that waits for a read index, for the applied index to reach it, or for both. Its caller goes on where it awaited, never on a worker of the node.</summary>
internal sealed class ReadWaiter
{
    /// <summary>With a refusal, or null. Not with an exception, which would be thrown again by each caller on the way.</summary>
    private readonly TaskCompletionSource<NodeError?> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What must be applied before the read is served; known once a leader has told it.</summary>
    public LogIndex Index { get; set; }

    /// <summary>When the round that gave <see cref="Index"/> began, if there was one: from then on the state is fresh.</summary>
    public MonotonicTime? RoundBegan { get; set; }

    public bool IsDone => _completion.Task.IsCompleted;

    public void Complete() => _completion.TrySetResult(null);

    public void Fail(NodeError error) => _completion.TrySetResult(error);

    /// <summary>Null, or why the replica cannot serve the read.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<NodeError?> WaitAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static (waiter, token) => ((ReadWaiter)waiter!)._completion.TrySetCanceled(token), this);
        return await _completion.Task;
    }
}
