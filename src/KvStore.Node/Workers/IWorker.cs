using KvStore.Raft;

namespace KvStore.Node.Workers;

/// <summary>Something that runs on one thread at a time: a replica loop, the WAL writer, an apply worker. In a process the host gives it a thread, in simulation the virtual scheduler calls it.</summary>
public interface IWorker
{
    string Name { get; }

    /// <summary>Its next turn waits for nothing and is short, so that whoever woke it may take it instead of its thread. Asked from any thread.</summary>
    bool IsBrief => false;

    /// <summary>Does all that is pending and returns when it wants to run again at the latest; null: only when woken. An exception that leaves it is fatal for the node.</summary>
    MonotonicTime? Run();
}

/// <summary>Starts workers; no class in KvStore.Node starts a thread by itself.</summary>
public interface IWorkerHost
{
    IWakeup Start(IWorker worker);
    /// <summary>Asks every worker to end after its current turn and waits for it.</summary>
    void Stop();
}

/// <summary>Makes its worker run soon. From any thread; several calls before the run count as one; never lost.</summary>
public interface IWakeup
{
    void Wake();
}
