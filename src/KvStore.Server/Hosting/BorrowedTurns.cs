namespace KvStore.Server.Hosting;

/// <summary>
/// A turn of a worker that this thread has woken and takes itself, where the worker's own thread would have to be woken for it: on the way of a write every such hand-off costs a sleeping
/// thread's wake-up (docs/adr/0013). Only within <see cref="Collect"/>, and no more than two: of the first brief worker that is woken, and of the first one that its turn wakes. A longer chain
/// would keep this thread from its own work.
/// </summary>
internal static class BorrowedTurns
{
    [ThreadStatic] private static bool t_collecting;
    [ThreadStatic] private static WorkerThread? t_taken;

    /// <summary>Until the scope ends, the first brief worker that this thread wakes is kept, and takes its turn here at the end, and so is the first that this turn wakes: the thread must hold no lock then. A scope within another adds nothing.</summary>
    public static Scope Collect()
    {
        var outermost = !t_collecting;
        t_collecting = true;
        return new Scope(outermost);
    }

    /// <summary>True when the turn will be taken here, soon.</summary>
    public static bool TryTake(WorkerThread worker)
    {
        if (!t_collecting || t_taken is not null) return false;
        t_taken = worker;
        return true;
    }

    private static void TakeTurn()
    {
        var taken = t_taken;
        t_taken = null;
        taken?.TakeTurn();
    }

    public readonly ref struct Scope(bool outermost)
    {
        public void Dispose()
        {
            if (!outermost) return;
            TakeTurn();
            t_collecting = false;
            TakeTurn();
        }
    }
}
