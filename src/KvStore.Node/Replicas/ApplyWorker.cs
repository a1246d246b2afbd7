using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>Applies committed entries of many groups: in order within a group, beside replication of the next ones. Answers the callers of what it applied.</summary>
internal sealed class ApplyWorker : NodeWorker
{
    private readonly Inbox<ApplyJob> _inbox;
    private readonly List<ReplicaApplier> _touched = [];
    private readonly SortedDictionary<GroupId, ReplicaApplier> _appliers = [];

    public ApplyWorker(int number, NodeFailure failure) : base($"apply-{number}", failure) => _inbox = new Inbox<ApplyJob>(this);

    public void Post(ApplyJob job) => _inbox.Post(job);

    protected override MonotonicTime? Turn()
    {
        foreach (var job in _inbox.Drain())
        {
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
