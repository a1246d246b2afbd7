using System.Collections.Concurrent;

namespace KvStore.Storage.Engine;

/// <summary>
/// The threads of this process that read and write record logs. None is lent by the runtime's pool: all of those may stand waiting for what is to be read, and the pool adds one or two a second.
/// </summary>
internal static class DiskThreads
{
    /// <summary>What disks are asked for at once.</summary>
    private const int Count = 16;
    private const int StackBytes = 256 << 10;

    private static readonly Lazy<BlockingCollection<Action>> s_queue = new(Start);

    /// <summary>Runs it soon. It lets no exception out.</summary>
    public static void Queue(Action transfer) => s_queue.Value.Add(transfer);

    private static BlockingCollection<Action> Start()
    {
        var queue = new BlockingCollection<Action>();
        for (var i = 0; i < Count; i++)
        {
            new Thread(() =>
            {
                foreach (var transfer in queue.GetConsumingEnumerable()) transfer();
            }, StackBytes) { IsBackground = true, Name = "record log" }.Start();
        }

        return queue;
    }
}
