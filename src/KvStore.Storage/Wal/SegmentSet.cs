using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Wal;

/// <summary>
/// The segment files: those that hold the live log, in order, and those that wait for reuse. A file is reused only when its segment lies below a
/// floor that a synced batch states: until then recovery would ask for it.
/// </summary>
internal sealed class SegmentSet(IFileSystem fileSystem, WalOptions options) : IDisposable
{
    /// <summary>Live segments, ascending and without a hole; the last is being written.</summary>
    private readonly List<SegmentFile> live = [];
    private readonly List<SegmentFile> free = [];
    private int highestNumber;

    public SegmentFile Current => live[^1];
    private SegmentFile Oldest => live[0];
    public bool IsEmpty => live.Count == 0;
    public long LiveBytes { get; private set; }
    /// <summary>The first segment of the newer half.</summary>
    public uint Middle => live[live.Count / 2].Segment;

    public void AddLive(SegmentFile file)
    {
        Invariant.That(file.Segment != 0 && (live.Count == 0 || file.Segment == Current.Segment + 1));
        live.Add(file);
        LiveBytes += file.Length;
        highestNumber = Math.Max(highestNumber, file.Number);
    }

    public void AddFree(SegmentFile file)
    {
        highestNumber = Math.Max(highestNumber, file.Number);
        bool enough = free.Count > 0 && LiveBytes + (free.Count + 1L) * options.SegmentBytes > options.TargetBytes;
        if (file.Length == options.SegmentBytes && !enough) free.Add(file);
        else Delete(file);
    }

    public SegmentFile Find(uint segment)
    {
        SegmentFile file = live[(int)(segment - live[0].Segment)];
        Invariant.That(file.Segment == segment);
        return file;
    }

    /// <summary>Takes out what lies below the durable floor and has no reader inside; null when that is nothing.</summary>
    public List<SegmentFile>? Release(uint durableFloor)
    {
        List<SegmentFile>? released = null;
        while (live.Count > 1 && Oldest.Segment < durableFloor && Oldest.Readers == 0)
        {
            SegmentFile file = Oldest;
            live.RemoveAt(0);
            LiveBytes -= file.Length;
            (released ??= []).Add(file);
        }
        return released;
    }

    /// <summary>A file for the next segment with room for at least so many bytes: recycled, or new and durably in the directory.</summary>
    public SegmentFile TakeOrCreate(long bytesMin)
    {
        if (bytesMin <= options.SegmentBytes && free.Count > 0)
        {
            SegmentFile recycled = free[0];
            free.RemoveAt(0);
            return recycled;
        }
        long length = Math.Max(options.SegmentBytes, bytesMin);
        int number = ++highestNumber;
        IFile file = fileSystem.Open($"{options.Directory}/{SegmentFile.NameOf(number)}", FileOpen.CreateNew);
#if PLANTED
        try
        {
            file.Allocate(length);
        }
        catch (DiskFullException) when (Plants.Has(PlantedBug.DiskFullIgnored))
        {
            length = file.Length;
        }
#else
        file.Allocate(length);
#endif
        file.Sync();
#if PLANTED
        if (!Plants.Has(PlantedBug.SegmentNameNotSynced))
#endif
        fileSystem.SyncDirectory(options.Directory);
        return new SegmentFile(number, file, length);
    }

    public void Dispose()
    {
        foreach (SegmentFile file in live) file.Dispose();
        foreach (SegmentFile file in free) file.Dispose();
    }

    /// <summary>Not synced: a file that comes back after a crash holds a segment below the floor and is deleted again.</summary>
    private void Delete(SegmentFile file)
    {
        file.Dispose();
        fileSystem.DeleteFile(file.File.Path);
    }
}
