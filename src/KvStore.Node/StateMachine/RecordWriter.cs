using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>The one place where records are written: into the store, the running hash, and what hangs on leases.</summary>
internal sealed class RecordWriter(EffectHash hash, LeaseAttachments leases)
{
    public void Put(HostedRange range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Revision revision, uint sub, ulong lease)
    {
        var before = range.Store.TryGetNewest(key, out var state) ? state.Lease : LeaseAttachments.None;
        range.Store.Put(key, value, revision, sub, lease);
        hash.Record(range.Store.Stay, revision, sub, key, value, lease);
        if (before != lease) leases.Move(range, key, before, lease);
    }

    /// <summary>False, and nothing written, when the key does not exist.</summary>
    public bool Delete(HostedRange range, ReadOnlySpan<byte> key, Revision revision, uint sub)
    {
        if (!range.Store.TryGetNewest(key, out var before)) return false;
        range.Store.Delete(key, revision, sub);
        hash.Tombstone(range.Store.Stay, revision, sub, key);
        if (before.Lease != LeaseAttachments.None) leases.Move(range, key, before.Lease, LeaseAttachments.None);
        return true;
    }
}
