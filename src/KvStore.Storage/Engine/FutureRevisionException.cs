namespace KvStore.Storage.Engine;

/// <summary>The asked revision is newer than the range's newest published one.</summary>
public sealed class FutureRevisionException(Revision asked, Revision newest) : Exception($"revision {asked} has not been reached; the newest is {newest}")
{
    public Revision Asked { get; } = asked;
    public Revision Newest { get; } = newest;
}
