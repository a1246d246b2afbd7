using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// A kind of load with its own check. To add one: one file that implements this, one line in <see cref="WorkloadList"/>. An instance serves one run; its methods are called by all
/// clients at once.
/// </summary>
internal interface IWorkload
{
    /// <summary>The next operation of one sequential client, waiting included. Called again and again until the load ends.</summary>
    Task StepAsync(Actor actor, CancellationToken stop);

    /// <summary>Reads everything that the check wants to see at the end. The cluster is whole again; the reads are part of the history.</summary>
    /// <returns>Whether every read was answered.</returns>
    Task<bool> FinishAsync(Actor actor);
}
