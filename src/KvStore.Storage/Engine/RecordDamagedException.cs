namespace KvStore.Storage.Engine;

/// <summary>A stored record failed its checksum: the replica must stop and be re-seeded.</summary>
public sealed class RecordDamagedException(string message) : IOException(message);
