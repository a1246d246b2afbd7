using System.Text;

namespace KvStore.Client;

/// <summary>A key with its value and history. Revisions count the writes of one range; those of different ranges do not compare.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value; empty when only keys were asked for.</param>
/// <param name="CreateRevision">The revision at which the key came into being.</param>
/// <param name="ModRevision">The revision of its last write.</param>
/// <param name="Version">The number of writes since it came into being, from 1.</param>
/// <param name="Lease">The lease it is attached to, or none.</param>
public readonly record struct KvEntry(KvBytes Key, KvBytes Value, ulong CreateRevision, ulong ModRevision, ulong Version, KvLeaseId Lease)
{
    /// <summary>The key read as UTF-8.</summary>
    public string KeyText => Encoding.UTF8.GetString(Key.Memory.Span);

    /// <summary>The value read as UTF-8.</summary>
    public string ValueText => Encoding.UTF8.GetString(Value.Memory.Span);
}
