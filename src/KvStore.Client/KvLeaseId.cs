using System.Globalization;

namespace KvStore.Client;

/// <summary>Names a lease, in the whole cluster and for ever. The default value names none.</summary>
public readonly record struct KvLeaseId(ulong Value)
{
    /// <summary>No lease.</summary>
    public static KvLeaseId None => default;

    /// <summary>Whether it names no lease.</summary>
    public bool IsNone => Value == 0;

    /// <summary>The id in hexadecimal digits.</summary>
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);
}
