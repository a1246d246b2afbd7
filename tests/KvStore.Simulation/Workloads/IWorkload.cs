using KvStore.Simulation.Clients;

namespace KvStore.Simulation.Workloads;

/// <summary>What clients do, and what must be true of what they saw. One file each; <see cref="WorkloadList"/> names them.</summary>
internal interface IWorkload
{
    /// <summary>As on the command line.</summary>
    string Name { get; }

    /// <summary>Where faults come from while its clients work.</summary>
    FaultSource Faults => FaultSource.Plan;

    /// <summary>One client's life: operation after operation until <see cref="SimulatedClient.IsOver"/>. Every client has a task of its own, on the one thread.</summary>
    Task RunAsync(SimulatedClient client);

    /// <summary>After the cluster was healed and all clients have ended: reads what is there in the end. Nothing fails now.</summary>
    Task ReadAllAsync(SimulatedClient client);

    /// <summary>After the last read: reports what is wrong to the run's findings.</summary>
    void Finish();
}

/// <summary>Who makes faults.</summary>
internal enum FaultSource
{
    /// <summary>The plan of the seed.</summary>
    Plan,

    /// <summary>The workload itself, and nobody else.</summary>
    Workload,
}
