using Microsoft.Extensions.Logging;

namespace KvStore.Node.Workers;

/// <summary>Why the node stopped by itself; set at most once. Nothing that a worker throws is swallowed: it ends here and the host exits.</summary>
internal sealed class NodeFailure(ILogger logger)
{
    private Exception? _exception;

    public Exception? Exception => Volatile.Read(ref _exception);

    /// <summary>Called once, on the thread of the worker that failed.</summary>
    public event Action<Exception>? Reported;

    public void Report(string worker, Exception exception)
    {
        if (Interlocked.CompareExchange(ref _exception, exception, null) is not null)
        {
            NodeLog.FailedAgain(logger, exception, worker);
            return;
        }
        NodeLog.Failed(logger, exception, worker);
        Reported?.Invoke(exception);
    }

    /// <summary>What a caller hears whose write may have been appended.</summary>
    public NodeError AsError() =>
        new(NodeErrorCode.Unavailable, $"the node has stopped: {Exception?.Message}") { OutcomeUnknown = true };
}
