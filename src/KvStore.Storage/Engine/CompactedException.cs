namespace KvStore.Storage.Engine;

/// <summary>The asked revision is older than the range's compaction revision.</summary>
public sealed class CompactedException(Revision asked, Revision compacted) : Exception($"revision {asked} has been compacted; the oldest available is {compacted}")
{
    public Revision Asked { get; } = asked;
    public Revision Compacted { get; } = compacted;
}
