namespace KvStore.Node.Placement;

/// <summary>Which keys of a keyspace form a colocation unit, the most that one transaction may take in (DESIGN §6).</summary>
public enum Colocation
{
    /// <summary>Keys that share the prefix up to and including the first '/'; a key without '/' is its own unit.</summary>
    ByPrefix,
    /// <summary>All keys: the keyspace is never split.</summary>
    Keyspace,
}
