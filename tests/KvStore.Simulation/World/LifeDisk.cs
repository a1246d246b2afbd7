using KvStore.Storage.FileSystem;

namespace KvStore.Simulation.World;

/// <summary>The machine's disk as one life of the process sees it: ends with it, and each call is a point to stop at.</summary>
internal sealed class LifeDisk(MemoryFileSystem disk, NodeLife life) : IFileSystem
{
    public IFile Open(string path, FileOpen mode) => new LifeFile(Now.Open(path, mode), life);
    public bool FileExists(string path) => Now.FileExists(path);
    public bool DirectoryExists(string path) => Now.DirectoryExists(path);
    public void CreateDirectory(string path) => Now.CreateDirectory(path);
    public IReadOnlyList<string> List(string path) => Now.List(path);
    public void DeleteFile(string path) => Now.DeleteFile(path);
    public void DeleteDirectory(string path) => Now.DeleteDirectory(path);
    public void Rename(string from, string to) => Now.Rename(from, to);
    public void SyncDirectory(string path) => Now.SyncDirectory(path);
    public long AvailableBytes(string path) => disk.AvailableBytes(path);
    public IDisposable? TryLock(string path) => Now.TryLock(path);

    private MemoryFileSystem Now
    {
        get
        {
            life.Yield(YieldPoint.Disk);
            return disk;
        }
    }

    private sealed class LifeFile(IFile file, NodeLife life) : IFile
    {
        public string Path => file.Path;
        public long Length => file.Length;

        public int ReadAt(Span<byte> buffer, long offset)
        {
            life.Yield(YieldPoint.Disk);
            return file.ReadAt(buffer, offset);
        }

        public void WriteAt(ReadOnlySpan<byte> data, long offset)
        {
            life.Yield(YieldPoint.Disk);
            file.WriteAt(data, offset);
        }

        public void Sync()
        {
            life.Yield(YieldPoint.Disk);
            file.Sync();
        }

        public void Allocate(long length)
        {
            life.Yield(YieldPoint.Disk);
            file.Allocate(length);
        }

        public void Truncate(long length)
        {
            life.Yield(YieldPoint.Disk);
            file.Truncate(length);
        }

        public void Dispose() => file.Dispose();
    }
}
