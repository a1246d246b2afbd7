using Grpc.Core;

namespace KvStore.Grpc.Tests.Service;

/// <summary>Barriers of one named call: the test learns how far its handler is, and lets it go on.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception?> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cutShort = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The handler has begun.</summary>
    public Task Entered => _entered.Task;

    /// <summary>The test lets a handler go on that waits for its gate.</summary>
    public Task Opened => _opened.Task;

    /// <summary>The handler has returned, with what it threw.</summary>
    public Task<Exception?> Left => _left.Task;

    /// <summary>The call's token fired in the handler.</summary>
    public Task CutShort => _cutShort.Task;

    /// <summary>Of the handler that entered.</summary>
    public ServerCallContext? Context { get; private set; }

    public void Open() => _opened.TrySetResult();

    public void Enter(ServerCallContext context)
    {
        Context = context;
        _entered.TrySetResult();
    }

    public void Leave(Exception? exception) => _left.TrySetResult(exception);

    public void MarkCutShort() => _cutShort.TrySetResult();
}
