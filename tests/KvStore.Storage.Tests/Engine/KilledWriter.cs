using System.Text;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Storage.Tests.Engine;

/// <summary>
/// The process that is killed: writes known revisions to a FASTER store without end, compacts, checkpoints and reclaims, and says on standard output which checkpoints it began
/// and which were completed.
/// </summary>
internal static class KilledWriter
{
    private const ulong Kept = 200;

    public static FasterOptions Options { get; } = new() { MemoryBytes = 1 << 20, PageBytes = 64 << 10, SegmentBytes = 1 << 20, HashBuckets = 1024, ReserveBytes = 8 << 20 };

    public static KnownWrites Writes(ulong seed) => new(seed, 300);

    public static string StateOf(RangeStore range) => $"{range.Revision.Value} {range.CompactRevision.Value}";

    public static int Run(string directory, ulong seed)
    {
        var fileSystem = FileSystems.ForThisPlatform();
        var store = GroupStore.Open(fileSystem, directory, new FasterRecordStoreFactory(fileSystem, Options), NullLogger.Instance);
        var range = store.Ranges.SingleOrDefault() ?? store.CreateRange(new Stay(1));
        using var checkpointed = new SemaphoreSlim(0);
        new Thread(() =>
        {
            while (true)
            {
                checkpointed.Wait();
                if (store.Reclaim()) Say("reclaimed");
            }
        }) { IsBackground = true }.Start();
        Say("open");
        var writes = Writes(seed);
        for (var revision = range.Revision.Value + 1; ; revision++)
        {
            writes.Apply(range, revision);
            if (revision % 50 == 0 && revision > Kept) range.Compact(new Revision(revision - Kept));
            if (revision % 300 == 0) Checkpoint(store, range, checkpointed);
        }
    }

    private static void Checkpoint(GroupStore store, RangeStore range, SemaphoreSlim checkpointed)
    {
        var state = StateOf(range);
        Say("begin " + state);
        store.BeginCheckpoint(Encoding.UTF8.GetBytes(state), failure =>
        {
            if (failure is null) Say("done " + state);
            else Say("failed " + failure.Message);
            checkpointed.Release();
        });
    }

    private static void Say(string line)
    {
        lock (Console.Out)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
