namespace KvStore.Node.Watches;

/// <summary>What the queues of all watches of a node may hold together. Thread-safe.</summary>
internal sealed class WatchBudget(int bytesPerWatch, long bytesMax)
{
    private long _bytes;

    /// <summary>A queue with so many bytes takes no more events. What is added at once may go beyond it: a revision is never split.</summary>
    public int BytesPerWatch { get; } = bytesPerWatch;

    /// <summary>Whether queues that are not empty may grow.</summary>
    public bool HasRoom => Volatile.Read(ref _bytes) < bytesMax;

    public void Take(int bytes) => Interlocked.Add(ref _bytes, bytes);

    public void Release(int bytes) => Interlocked.Add(ref _bytes, -bytes);
}
