using System.Collections.Concurrent;

namespace KvStore.Storage.Engine;

/// <summary>
/// The threads of this process that read and write record logs. None is lent by the runtime's pool: all of those may stand waiting for what is to be read, and the pool adds one or two a second.
/// </summary>
internal static class DiskThreads
{
    /// <summary>Reads that a disk is asked for at once.</summary>
    private const int ReadersCount = 16;
    private const int StackBytes = 256 << 10;

    private static readonly Lazy<BlockingCollection<Action>> s_reads = new(static () => Start(ReadersCount, "record log"));

    /// <summary>
    /// One thread: all groups fill their pages at about the same time, and a page is written for later. Several at once took the processors from those who wait for a write to be applied
    /// (docs/adr/0017).
    /// </summary>
    private static readonly Lazy<BlockingCollection<Action>> s_writes = new(static () => Start(1, "record log write"));

    /// <summary>Runs it soon. It lets no exception out.</summary>
    public static void QueueRead(Action transfer) => s_reads.Value.Add(transfer);

    /// <summary>Runs it after the writes before it. It lets no exception out.</summary>
    public static void QueueWrite(Action transfer) => s_writes.Value.Add(transfer);

    private static BlockingCollection<Action> Start(int count, string name)
    {
        var queue = new BlockingCollection<Action>();
        for (var i = 0; i < count; i++)
        {
            new Thread(() =>
            {
                foreach (var transfer in queue.GetConsumingEnumerable()) transfer();
            }, StackBytes) { IsBackground = true, Name = name }.Start();
        }

        return queue;
    }
}
