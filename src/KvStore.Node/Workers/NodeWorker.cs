using KvStore.Raft;

namespace KvStore.Node.Workers;

/// <summary>
/// A worker of a node. An exception that leaves its turn stops the whole node: it is reported to <see cref="NodeFailure"/>, and from then on no worker takes a turn;
/// each one gives its callers an answer instead (<see cref="Abandon"/>).
/// </summary>
internal abstract class NodeWorker(string name, NodeFailure failure) : IWorker, IWakeup
{
    private IWakeup? _wakeup;

    public string Name { get; } = name;

    public virtual bool IsBrief => false;

    /// <summary>Wake-ups before this are not lost: the first turn comes anyway.</summary>
    public void StartOn(IWorkerHost host)
    {
        var wakeup = host.Start(this);
        Volatile.Write(ref _wakeup, wakeup);
        wakeup.Wake();
    }

    public void Wake() => Volatile.Read(ref _wakeup)?.Wake();

    public MonotonicTime? Run()
    {
        if (failure.Exception is null)
        {
            try
            {
                return Turn();
            }
            catch (Exception exception)
            {
                failure.Report(Name, exception);
            }
        }
        Abandon(failure.AsError());
        return null;
    }

    /// <summary>Does all that is pending; returns when it wants to run again at the latest.</summary>
    protected abstract MonotonicTime? Turn();

    /// <summary>The node has failed: answers every caller that still waits here. Called instead of every further turn.</summary>
    protected abstract void Abandon(NodeError error);
}
