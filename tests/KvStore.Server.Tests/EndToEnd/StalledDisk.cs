using KvStore.Storage.FileSystem;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>The platform's disk, whose syncs stand still while a gate is closed: what is proposed meanwhile is neither committed nor refused.</summary>
internal sealed class StalledDisk : IFileSystem
{
    private readonly IFileSystem _disk = FileSystems.ForThisPlatform();
    private readonly Gate _gate = new();

    /// <summary>Whether a sync has come and stands.</summary>
    public bool HoldsUp => _gate.HoldsUp;

    public void Stall() => _gate.Close();

    public void GoOn() => _gate.Open();

    public IFile Open(string path, FileOpen mode) => new StalledFile(_disk.Open(path, mode), _gate);

    public bool FileExists(string path) => _disk.FileExists(path);

    public bool DirectoryExists(string path) => _disk.DirectoryExists(path);

    public void CreateDirectory(string path) => _disk.CreateDirectory(path);

    public IReadOnlyList<string> List(string path) => _disk.List(path);

    public void DeleteFile(string path) => _disk.DeleteFile(path);

    public void DeleteDirectory(string path) => _disk.DeleteDirectory(path);

    public void Rename(string from, string to) => _disk.Rename(from, to);

    public void SyncDirectory(string path) => _disk.SyncDirectory(path);

    public long AvailableBytes(string path) => _disk.AvailableBytes(path);

    public IDisposable? TryLock(string path) => _disk.TryLock(path);

    private sealed class Gate
    {
        private readonly ManualResetEventSlim _isOpen = new(initialState: true);
        private volatile bool _holdsUp;

        public bool HoldsUp => _holdsUp;

        public void Close() => _isOpen.Reset();

        public void Open() => _isOpen.Set();

        public void Pass()
        {
            if (_isOpen.IsSet) return;
            _holdsUp = true;
            _isOpen.Wait();
            _holdsUp = false;
        }
    }

    private sealed class StalledFile(IFile file, Gate gate) : IFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public int ReadAt(Span<byte> buffer, long offset) => file.ReadAt(buffer, offset);

        public void WriteAt(ReadOnlySpan<byte> data, long offset) => file.WriteAt(data, offset);

        public void Sync()
        {
            gate.Pass();
            file.Sync();
        }

        public void Allocate(long length) => file.Allocate(length);

        public void Truncate(long length) => file.Truncate(length);

        public void Dispose() => file.Dispose();
    }
}
