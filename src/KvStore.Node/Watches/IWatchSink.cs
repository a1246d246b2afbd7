namespace KvStore.Node.Watches;

/// <summary>Who takes what a watch tells.</summary>
public interface IWatchSink
{
    /// <summary>There is something to take, until <see cref="Watch.TryTake"/> has returned false. From a worker of the node: must return at once and not throw.</summary>
    void HasNews(Watch watch);
}
