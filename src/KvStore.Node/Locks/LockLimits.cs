using System.Text;

namespace KvStore.Node.Locks;

/// <summary>Frozen: apply checks them, so all replicas must agree.</summary>
public static class LockLimits
{
    /// <summary>Of UTF-8.</summary>
    public const int NameBytesMax = 1024;
    public const int ValueBytesMax = 4096;
    public const int WaitingMax = 10_000;
    /// <summary>All locks of one group together, counted as <see cref="LockRecord.Bytes"/>.</summary>
    public const long TableBytesMax = 64L << 20;

    /// <summary>Null when the name is one that a lock can have, else why not.</summary>
    public static string? Refuse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0) return "the lock's name is empty";
        var bytes = Encoding.UTF8.GetByteCount(name);
        return bytes > NameBytesMax ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the lock's name is {bytes} bytes long; the limit is {NameBytesMax}") : null;
    }
}
