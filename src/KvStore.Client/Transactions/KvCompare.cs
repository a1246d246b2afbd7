using Google.Protobuf;
using V1 = KvStore.Protocol.V1;

namespace KvStore.Client.Transactions;

/// <summary>
/// A condition of a transaction: on one key, or on every existing key of an interval, and then it holds also when there is none. A key that does not exist has version, revisions and
/// lease 0, and no value: no condition on a value holds for it.
/// </summary>
public sealed class KvCompare
{
    private KvCompare(V1.Compare message) => Message = message;

    internal V1.Compare Message { get; }

    /// <summary>Compares a key's value, by unsigned bytes.</summary>
    public static KvComparand<KvBytes> Value(KvBytes key) => OnValue(() => On(key));

    /// <summary>Compares the values of all keys in an interval.</summary>
    public static KvComparand<KvBytes> Value(KvRange range) => OnValue(() => On(range));

    /// <summary>Compares the number of writes since the key came into being; 0: there is no such key.</summary>
    public static KvComparand<ulong> Version(KvBytes key) => OnNumber(() => On(key), static (c, n) => c.Version = n);

    /// <summary>Compares the versions of all keys in an interval.</summary>
    public static KvComparand<ulong> Version(KvRange range) => OnNumber(() => On(range), static (c, n) => c.Version = n);

    /// <summary>Compares the revision at which the key came into being; 0: there is no such key.</summary>
    public static KvComparand<ulong> CreateRevision(KvBytes key) => OnNumber(() => On(key), static (c, n) => c.CreateRevision = n);

    /// <summary>Compares the create revisions of all keys in an interval.</summary>
    public static KvComparand<ulong> CreateRevision(KvRange range) => OnNumber(() => On(range), static (c, n) => c.CreateRevision = n);

    /// <summary>Compares the revision of the key's last write; 0: there is no such key.</summary>
    public static KvComparand<ulong> ModRevision(KvBytes key) => OnNumber(() => On(key), static (c, n) => c.ModRevision = n);

    /// <summary>Compares the mod revisions of all keys in an interval: at most N says that nothing there was written since N.</summary>
    public static KvComparand<ulong> ModRevision(KvRange range) => OnNumber(() => On(range), static (c, n) => c.ModRevision = n);

    /// <summary>Compares the lease that the key is attached to.</summary>
    public static KvComparand<KvLeaseId> Lease(KvBytes key) => OnLease(() => On(key));

    /// <summary>Compares the leases of all keys in an interval.</summary>
    public static KvComparand<KvLeaseId> Lease(KvRange range) => OnLease(() => On(range));

    /// <summary>There is such a key.</summary>
    public static KvCompare Exists(KvBytes key) => new(Existing(On(key), true));

    /// <summary>There is at least one key in the interval.</summary>
    public static KvCompare Exists(KvRange range) => new(Existing(On(range), true));

    /// <summary>There is no such key.</summary>
    public static KvCompare Missing(KvBytes key) => new(Existing(On(key), false));

    /// <summary>There is no key in the interval.</summary>
    public static KvCompare Missing(KvRange range) => new(Existing(On(range), false));

    private static V1.Compare On(KvBytes key) => new() { Key = UnsafeByteOperations.UnsafeWrap(key.Memory) };

    private static V1.Compare On(KvRange range) => new() { Key = UnsafeByteOperations.UnsafeWrap(range.Start.Memory), End = UnsafeByteOperations.UnsafeWrap(range.End.Memory) };

    private static V1.Compare Existing(V1.Compare compare, bool exists)
    {
        compare.Exists = exists;
        return compare;
    }

    private static KvComparand<KvBytes> OnValue(Func<V1.Compare> begin) => On<KvBytes>(begin, static (c, value) => c.Value = UnsafeByteOperations.UnsafeWrap(value.Memory));

    private static KvComparand<ulong> OnNumber(Func<V1.Compare> begin, Action<V1.Compare, ulong> set) => On(begin, set);

    private static KvComparand<KvLeaseId> OnLease(Func<V1.Compare> begin) => On<KvLeaseId>(begin, static (c, lease) => c.Lease = lease.Value);

    private static KvComparand<T> On<T>(Func<V1.Compare> begin, Action<V1.Compare, T> set) => new((relation, target) =>
    {
        var compare = begin();
        compare.Relation = (V1.CompareRelation)relation;
        set(compare, target);
        return new KvCompare(compare);
    });
}
