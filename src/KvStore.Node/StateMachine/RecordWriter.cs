using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>The one place where records are written: into the store, the running hash, and what hangs on leases.</summary>
internal sealed class RecordWriter(EffectHash hash, LeaseAttachments leases)
{
    public void Put(HostedRange range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Revision revision, uint sub, ulong lease)
    {
        range.Store.Put(key, value, revision, sub, lease, out var before);
        hash.Record(range.Store.Stay, revision, sub, key, value, lease);
        if (before.Lease != lease) leases.Move(range, key, before.Lease, lease);
    }

    /// <summary>False, and nothing written, when the key does not exist.</summary>
    public bool Delete(HostedRange range, ReadOnlySpan<byte> key, Revision revision, uint sub)
    {
        if (!range.Store.Delete(key, revision, sub, out var before)) return false;
        hash.Tombstone(range.Store.Stay, revision, sub, key);
        if (before.Lease != LeaseAttachments.None) leases.Move(range, key, before.Lease, LeaseAttachments.None);
        return true;
    }
}
