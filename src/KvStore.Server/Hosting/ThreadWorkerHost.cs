using KvStore.Node.Time;
using KvStore.Node.Workers;

namespace KvStore.Server.Hosting;

/// <summary>Gives every worker a thread of its own; see <see cref="WorkerThread"/> for who takes its turns.</summary>
internal sealed class ThreadWorkerHost(ITimeSource time) : IWorkerHost
{
    private readonly List<WorkerThread> _threads = [];
    private volatile bool _stopping;

    /// <summary>Called on the thread that took the turn when an exception leaves a worker; the worker runs no more.</summary>
    public Action<IWorker, Exception>? Crashed { get; set; }

    public bool IsStopping => _stopping;

    public ITimeSource Time => time;

    public IWakeup Start(IWorker worker)
    {
        var thread = new WorkerThread(this, worker);
        lock (_threads) _threads.Add(thread);
        thread.Start();
        return thread;
    }

    public void Stop()
    {
        _stopping = true;
        WorkerThread[] threads;
        lock (_threads) threads = [.. _threads];
        foreach (var thread in threads) thread.End();
        foreach (var thread in threads) thread.Join();
    }
}
