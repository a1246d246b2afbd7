using KvStore.Node.Replicas;
using KvStore.Node.Workers;
using KvStore.Storage.Engine;

namespace KvStore.Node.Checkpoints;

/// <summary>
/// What may be done to a group's store by one group at a time on a node: checkpoints with the reclaim pass that follows, and the switch to a received snapshot.
/// All but <see cref="WantCheckpoint"/> and <see cref="Finished"/> happens on the background worker.
/// </summary>
internal sealed class MaintenanceQueue(BackgroundWorker background)
{
    private readonly Queue<Job> _waiting = new();
    private Job? _running;

    private sealed record Job(ReplicaApplier Applier, JobKind Kind, Action Start);

    private enum JobKind { Checkpoint, Install }

    /// <summary>From any thread. A checkpoint of that replica that waits already is enough.</summary>
    public void WantCheckpoint(ReplicaApplier applier) => background.Post(() =>
    {
        if (_waiting.Any(job => job.Applier == applier && job.Kind == JobKind.Checkpoint)) return;
        Enqueue(new Job(applier, JobKind.Checkpoint, () => applier.Replica.ApplyWorker.Post(new ApplyJob(ApplyJobKind.Cut, applier))));
    });

    /// <summary>Background worker: runs <paramref name="start"/> when no other job runs; it ends with <see cref="Finished"/>.</summary>
    public void Install(ReplicaApplier applier, Action start) => Enqueue(new Job(applier, JobKind.Install, start));

    /// <summary>From any thread: the running job is done; its store is given a reclaim pass when it wants one.</summary>
    public void Finished(GroupStore? store) => background.Post(() =>
    {
        if (store is { NeedsReclaim: true }) store.Reclaim();
        _running = null;
        StartNext();
    });

    private void Enqueue(Job job)
    {
        _waiting.Enqueue(job);
        StartNext();
    }

    private void StartNext()
    {
        if (_running is not null || !_waiting.TryDequeue(out var job)) return;
        _running = job;
        job.Start();
    }
}
