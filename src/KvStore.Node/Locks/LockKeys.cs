using System.Text;

namespace KvStore.Node.Locks;

/// <summary>Where locks live: each one stands for a key of the keyspace "system", and the group that owns the key's range is the lock's home.</summary>
public static class LockKeys
{
    private const string Prefix = "lock/";

    /// <summary>The key that places a lock.</summary>
    public static byte[] KeyOf(string name) => Encoding.UTF8.GetBytes(Prefix + name);
}
