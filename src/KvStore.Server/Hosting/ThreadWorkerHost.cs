using KvStore.Node.Time;
using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Server.Hosting;

/// <summary>Gives every worker a thread of its own.</summary>
internal sealed class ThreadWorkerHost(ITimeSource time) : IWorkerHost
{
    private readonly List<WorkerThread> _threads = [];
    private volatile bool _stopping;

    /// <summary>Called on the worker's thread when an exception leaves it; the worker runs no more.</summary>
    public Action<IWorker, Exception>? Crashed { get; set; }

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
        foreach (var thread in threads) thread.Wake();
        foreach (var thread in threads) thread.Join();
    }

    private sealed class WorkerThread(ThreadWorkerHost host, IWorker worker) : IWakeup
    {
        private readonly Gate _gate = new();
        private Thread? _thread;

        public void Start()
        {
            _thread = new Thread(Loop) { IsBackground = true, Name = worker.Name };
            _thread.Start();
        }

        public void Wake() => _gate.Set();

        public void Join()
        {
            if (_thread != Thread.CurrentThread) _thread!.Join();
        }

        private void Loop()
        {
            try
            {
                while (!host._stopping)
                {
                    var next = worker.Run();
                    _gate.Wait(next is { } at ? at - host.Now : null);
                }
            }
            catch (Exception e)
            {
                if (host.Crashed is not { } crashed) throw;
                crashed(worker, e);
            }
        }
    }

    private MonotonicTime Now => time.Now;
}
