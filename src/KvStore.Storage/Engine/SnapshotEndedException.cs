namespace KvStore.Storage.Engine;

/// <summary>The snapshot outlived its bound (or its range was split or dropped) and no longer keeps history; take a new one.</summary>
public sealed class SnapshotEndedException(Revision revision) : Exception($"the snapshot at revision {revision} has ended");
