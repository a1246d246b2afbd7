namespace KvStore.Storage.Engine;

/// <summary>The asked revision is older than the range's compaction revision.</summary>
public sealed class CompactedException(Revision asked, Revision compacted) : Exception($"revision {asked} has been compacted; the oldest available is {compacted}")
{
    public Revision Asked { get; } = asked;
    public Revision Compacted { get; } = compacted;
}

/// <summary>The asked revision is newer than the range's newest published one.</summary>
public sealed class FutureRevisionException(Revision asked, Revision newest) : Exception($"revision {asked} has not been reached; the newest is {newest}")
{
    public Revision Asked { get; } = asked;
    public Revision Newest { get; } = newest;
}

/// <summary>The snapshot outlived its bound (or its range was split or dropped) and no longer keeps history; take a new one.</summary>
public sealed class SnapshotEndedException(Revision revision) : Exception($"the snapshot at revision {revision} has ended");

/// <summary>A stored record failed its checksum: the replica must stop and be re-seeded.</summary>
public sealed class RecordDamagedException(string message) : IOException(message);

/// <summary>A file of a group's store is missing or damaged; the message names it and the remedy. Only this replica stops.</summary>
public sealed class StoreDamagedException(string path, string what)
    : IOException($"{path}: {what}; the replica has to be seeded again from another one (kvctl node replace, or delete the group's directory)")
{
    public string Path { get; } = path;
}
