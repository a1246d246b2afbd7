namespace KvStore.Raft;

/// <summary>Where the core reads entries that it no longer keeps in memory. They are durable and are never truncated behind the core's back except by <see cref="RaftNode.Compact"/>.</summary>
public interface ILogSource
{
    /// <summary>Entries [from, to) in order, as many as fit into <paramref name="bytesMax"/> but at least one.</summary>
    IReadOnlyList<Entry> Read(LogIndex from, LogIndex to, long bytesMax);
}
