using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Tests.Engine;

/// <summary>The real file system, on which syncs of directories or of the record log fail, space runs out, and every read of the log waits for the disk, when asked to.</summary>
internal sealed class FaultyFileSystem(IFileSystem inner) : IFileSystem
{
    public bool FailSyncs { get; set; }
    public bool FailLogSyncs { get; set; }
    /// <summary>Syncs of the record log wait for it.</summary>
    public ManualResetEventSlim LogSyncsMayEnd { get; } = new(true);
    /// <summary>Reads of the record log that the disk is asked for wait for it.</summary>
    public ManualResetEventSlim LogReadsMayEnd { get; } = new(true);
    /// <summary>How often the disk was asked for a part of the record log.</summary>
    public int LogReads;
    public bool IsFull { get; set; }
    public bool NothingIsCached { get; set; }
    /// <summary>A thread of the runtime's pool waited for the disk of the record log.</summary>
    public volatile bool PoolThreadWaited;

    public IFile Open(string path, FileOpen mode) => path.Contains("/hlog.log.", StringComparison.Ordinal) ? new LogFile(inner.Open(path, mode), this) : inner.Open(path, mode);
    public bool FileExists(string path) => inner.FileExists(path);
    public bool DirectoryExists(string path) => inner.DirectoryExists(path);
    public void CreateDirectory(string path) => inner.CreateDirectory(path);
    public IReadOnlyList<string> List(string path) => inner.List(path);
    public void DeleteFile(string path) => inner.DeleteFile(path);
    public void DeleteDirectory(string path) => inner.DeleteDirectory(path);
    public void Rename(string from, string to) => inner.Rename(from, to);
    public long AvailableBytes(string path) => IsFull ? 0 : inner.AvailableBytes(path);
    public IDisposable? TryLock(string path) => inner.TryLock(path);

    public void SyncDirectory(string path)
    {
        if (FailSyncs) throw new IOException($"fsync of '{path}' failed: injected");
        inner.SyncDirectory(path);
    }

    private sealed class LogFile(IFile inner, FaultyFileSystem faults) : IFile
    {
        public string Path => inner.Path;
        public long Length => inner.Length;
        public bool TryReadWithoutWaiting(Span<byte> buffer, long offset) => !faults.NothingIsCached && inner.TryReadWithoutWaiting(buffer, offset);
        public void Allocate(long length) => inner.Allocate(length);
        public void Truncate(long length) => inner.Truncate(length);
        public void Dispose() => inner.Dispose();

        public int ReadAt(Span<byte> buffer, long offset)
        {
            faults.PoolThreadWaited |= Thread.CurrentThread.IsThreadPoolThread;
            Interlocked.Increment(ref faults.LogReads);
            faults.LogReadsMayEnd.Wait();
            return inner.ReadAt(buffer, offset);
        }

        public void WriteAt(ReadOnlySpan<byte> data, long offset)
        {
            faults.PoolThreadWaited |= Thread.CurrentThread.IsThreadPoolThread;
            inner.WriteAt(data, offset);
        }

        public void Sync()
        {
            faults.LogSyncsMayEnd.Wait();
            if (faults.FailLogSyncs) throw new IOException($"fdatasync of '{Path}' failed: injected");
            inner.Sync();
        }
    }
}
