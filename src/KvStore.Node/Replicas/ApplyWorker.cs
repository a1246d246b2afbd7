using KvStore.Node.StateMachine;
using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>Applies committed entries of many groups: in order within a group, beside replication of the next ones. Answers the callers of what it applied.</summary>
internal sealed class ApplyWorker : NodeWorker
{
    private readonly Inbox<ApplyJob> _inbox;
    private readonly List<ReplicaApplier> _touched = [];
    private readonly SortedDictionary<GroupId, ReplicaApplier> _appliers = [];
    /// <summary>Of the jobs that wait: never less, since a job's is added before it is posted and taken off after.</summary>
    private long _load;

    public ApplyWorker(int number, NodeFailure failure) : base($"apply-{number}", failure) => _inbox = new Inbox<ApplyJob>(this);

    /// <summary>Only small entries wait that read nothing from the disk.</summary>
    public override bool IsBrief => Volatile.Read(ref _load) <= BriefEntry.BytesMax;

    public void Post(ApplyJob job)
    {
        Interlocked.Add(ref _load, job.Load);
        _inbox.Post(job);
    }

    protected override MonotonicTime? Turn()
    {
        foreach (var job in _inbox.Drain())
        {
            Interlocked.Add(ref _load, -job.Load);
            var applier = job.Applier!;
            _appliers.TryAdd(applier.Replica.Group, applier);
            applier.Do(job);
            if (applier.Touched) continue;
            applier.Touched = true;
            _touched.Add(applier);
        }
        foreach (var applier in _touched)
        {
            applier.Touched = false;
            applier.EndTurn();
        }
        _touched.Clear();
        return null;
    }

    protected override void Abandon(NodeError error)
    {
        foreach (var job in _inbox.Drain())
            if (job.Kind != ApplyJobKind.Inspect) job.Applier!.Refuse(job, error);
        foreach (var applier in _appliers.Values) applier.Abandon(error);
    }
}
