namespace KvStore.Node.Watches;

/// <summary>For whom a <see cref="WatchReader"/> reads.</summary>
internal interface IWatchMatcher
{
    /// <summary>Adds, in an order that follows from nothing but the watchers' numbers and keys, who wants to hear of a write.</summary>
    void Match(ReadOnlySpan<byte> key, bool isTombstone, List<Watcher> found);

    /// <summary>Gives a watcher the events of whole revisions. The cursor still stands before them.</summary>
    void Deliver(Watcher watcher, WatchBatch batch);

    /// <summary>Whether to read on after a delivery; else the reader stops at the revision that was delivered last.</summary>
    bool GoesOn { get; }
}
