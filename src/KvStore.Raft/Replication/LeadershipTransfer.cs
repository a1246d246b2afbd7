namespace KvStore.Raft.Replication;

/// <summary>A transfer of leadership that is under way (dissertation §3.10), and whether lease reads are over for this term.</summary>
internal sealed class LeadershipTransfer
{
    public ReplicaId Target { get; private set; }
    public MonotonicTime Until { get; private set; }

    /// <summary>TimeoutNow was sent in this term. The target may win at any later time without regard to promises, so the lease is gone for good.</summary>
    public bool LeaseGivenUp { get; private set; }

    public bool IsActive => Target != ReplicaId.None;

    public void Start(ReplicaId target, MonotonicTime until) => (Target, Until) = (target, until);

    public void Abort() => Target = ReplicaId.None;

    public void GiveUpLease() => LeaseGivenUp = true;
}
