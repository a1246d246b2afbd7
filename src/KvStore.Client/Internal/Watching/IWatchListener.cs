using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Watching;

/// <summary>Who hears of one watch of a <see cref="WatchLine"/>. Called from the line's reader, one at a time: must return at once and not throw.</summary>
internal interface IWatchListener
{
    void Updated(WatchUpdate update);

    /// <summary>Nothing will come any more: the stream has ended.</summary>
    void Lost(Failure failure);
}
