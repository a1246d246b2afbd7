using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>A range that the group owns, as its apply thread sees it: ahead of what readers see until <see cref="Publish"/>.</summary>
internal sealed class HostedRange(RangeDescriptor descriptor, RangeStore store, Revision revision)
{
    private Revision published = revision;

    public RangeDescriptor Descriptor { get; } = descriptor;
    public RangeStore Store { get; } = store;
    /// <summary>+1 for each command that changed something; never goes back.</summary>
    public Revision Revision { get; private set; } = revision;

    /// <summary>Its keys that are attached to leases.</summary>
    public IEnumerable<(LeaseId Lease, AttachedKey Key)> Attached()
    {
        using var snapshot = Store.Snapshot();
        foreach (var (key, lease) in snapshot.Attached()) yield return (new LeaseId(lease), new AttachedKey(Descriptor.Keyspace, key));
    }

    public void Advance(Revision next)
    {
        Invariant.That(next == Revision.Next);
        Revision = next;
    }

    public void Publish()
    {
        if (published == Revision) return;
        Store.Publish(Revision);
        published = Revision;
    }
}
