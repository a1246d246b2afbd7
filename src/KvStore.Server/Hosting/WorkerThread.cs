using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Server.Hosting;

/// <summary>
/// A worker and the thread that is its own. Its turns are taken one at a time, by that thread or by one that has woken a brief worker and can take the turn at once (<see cref="BorrowedTurns"/>).
/// </summary>
internal sealed class WorkerThread(ThreadWorkerHost host, IWorker worker) : IWakeup
{
    private const int Idle = 0, Wanted = 1, Running = 2, RunningAndWanted = 3, Ended = 4;

    private readonly Gate _gate = new();
    private Thread? _thread;

    /// <summary>
    /// Only who moved it to <see cref="Running"/> runs the worker. Who moves it to <see cref="Wanted"/> sees to it that somebody will: its own thread is woken, or the turn is borrowed.
    /// </summary>
    private int _state;

    /// <summary>Nanoseconds: when the worker wants to run again, as its newest turn said. Written by who runs it.</summary>
    private long _due = long.MaxValue;

    /// <summary>Nanoseconds: when its own thread wakes by itself. A turn taken elsewhere that wants an earlier one wakes it.</summary>
    private long _sleepsUntil = long.MaxValue;

    public void Start()
    {
        _thread = new Thread(Loop) { IsBackground = true, Name = worker.Name };
        _thread.Start();
    }

    public void Wake()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state is not (Idle or Running)) return;
            var wanted = state == Idle ? Wanted : RunningAndWanted;
            if (Interlocked.CompareExchange(ref _state, wanted, state) != state) continue;
            if (state == Idle && !(worker.IsBrief && BorrowedTurns.TryTake(this))) _gate.Set();
            return;
        }
    }

    /// <summary>The host is stopping: lets the thread see it.</summary>
    public void End() => _gate.Set();

    /// <summary>Returns when no turn runs or will run, here or elsewhere.</summary>
    public void Join()
    {
        if (_thread != Thread.CurrentThread) _thread!.Join();
    }

    /// <summary>One turn on a thread that is not the worker's own, if it is still brief. What the worker is wanted for meanwhile is for its own.</summary>
    public void TakeTurn()
    {
        if (worker.IsBrief)
        {
            if (Interlocked.CompareExchange(ref _state, Running, Wanted) != Wanted) return;
            if (!RunOnce() && Volatile.Read(ref _due) >= Volatile.Read(ref _sleepsUntil)) return;
        }
        _gate.Set();
    }

    private void Loop()
    {
        while (!host.IsStopping)
        {
            var state = Volatile.Read(ref _state);
            if (state == Wanted || (state == Idle && host.Time.Now.Nanoseconds >= Volatile.Read(ref _due)))
            {
                if (Interlocked.CompareExchange(ref _state, Running, state) == state) TakeOwnTurn();
            }
            else
            {
                Sleep();
            }
        }

        // A turn that another thread took may still run.
        var spin = new SpinWait();
        while (Interlocked.CompareExchange(ref _state, Ended, Idle) != Idle && Interlocked.CompareExchange(ref _state, Ended, Wanted) != Wanted) spin.SpinOnce();
    }

    private void TakeOwnTurn()
    {
        if (worker.IsBrief)
        {
            RunOnce();
            return;
        }
        // What a slow worker has done is mostly for one that is brief, which then need not be woken.
        using (BorrowedTurns.Collect()) RunOnce();
    }

    /// <summary>Who has moved the state to <see cref="Running"/> takes the turn. True when the worker is wanted again.</summary>
    private bool RunOnce()
    {
        Run();
        if (Interlocked.CompareExchange(ref _state, Idle, Running) == Running) return false;
        Volatile.Write(ref _state, Wanted);
        return true;
    }

    private void Sleep()
    {
        // While another thread takes a turn it is that one which says when the next is due.
        var state = Volatile.Read(ref _state);
        var until = state == Idle ? Volatile.Read(ref _due) : long.MaxValue;
        Volatile.Write(ref _sleepsUntil, until);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) != state || (state == Idle && Volatile.Read(ref _due) < until)) return;
        _gate.Wait(until == long.MaxValue ? null : new MonotonicTime(until) - host.Time.Now);
    }

    private void Run()
    {
        if (host.IsStopping) return;
        try
        {
            Volatile.Write(ref _due, worker.Run()?.Nanoseconds ?? long.MaxValue);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _due, long.MaxValue);
            if (host.Crashed is not { } crashed) throw;
            crashed(worker, e);
        }
    }
}
