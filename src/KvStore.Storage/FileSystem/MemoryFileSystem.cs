using KvStore.Raft;

namespace KvStore.Storage.FileSystem;

/// <summary>
/// The file system of simulation: it can crash (unsynced sectors and names are kept, lost or torn, by seed), fail, fill up, flip bits and stall.
/// The same calls and seeds give the same bytes. Calls are counted, so that a test can stop the world at each one in turn.
/// </summary>
public sealed class MemoryFileSystem : IFileSystem
{
    private const long Unlimited = long.MaxValue / 2;

    private readonly Lock gate = new();
    private readonly HashSet<string> locks = [];
    private MemoryNames names = new();
    private long incarnation;
    private bool stopped;
    /// <summary>Of all files; null when it has to be counted again, because names have changed.</summary>
    private long? used;

    /// <summary>Bytes that all files together may have.</summary>
    public long CapacityBytes { get; set; } = Unlimited;

    /// <summary>The calls so far that changed or synced something.</summary>
    public long OperationCount { get; private set; }

    /// <summary>The number of the call that fails with an <see cref="IOException"/>, having done nothing; 0 for none.</summary>
    public long FailAtOperation { get; set; }

    /// <summary>The number of the call at which the machine stops: it and all later calls do nothing and throw, until <see cref="Crash"/>; 0 for none.</summary>
    public long StopAtOperation { get; set; }

    /// <summary>It has come to <see cref="StopAtOperation"/>: nothing works until the next crash.</summary>
    public bool IsStopped => stopped;

    /// <summary>While set, every sync of a file or directory fails. As on Linux, what a file's sync should have written then reads as written, and no later sync writes it.</summary>
    public bool FailSyncs { get; set; }

    /// <summary>As <see cref="FailSyncs"/>, for the next sync of a file alone: the one after it succeeds, and what the failed one should have written is not on the disk for all that.</summary>
    public bool FailNextSync { get; set; }

    /// <summary>Called before each call, outside all locks: it may throw an <see cref="IOException"/>, block (a stalled disk), or watch.</summary>
    public Action<FileOperation>? BeforeOperation { get; set; }

    /// <summary>Bytes that all files together have, allocated or written.</summary>
    public long UsedBytes
    {
        get { lock (gate) return used ??= names.Files.Sum(file => file.Length); }
    }

    public IFile Open(string path, FileOpen mode)
    {
        path = Normal(path);
        MemoryFileContent? content;
        lock (gate) content = names.FindFile(path);
        if (content is null && mode is FileOpen.OpenExisting or FileOpen.ReadOnly) throw new FileNotFoundException($"open of '{path}' failed: there is no such file", path);
        if (content is not null && mode is FileOpen.CreateNew) throw new IOException($"open of '{path}' failed: the file exists");
        if (content is not null) return new MemoryFile(this, path, content, incarnation, mode);
        Begin(FileOperationKind.Create, path, 0, 0);
        lock (gate)
        {
            if (!names.IsDirectory(MemoryNames.ParentOf(path))) throw new DirectoryNotFoundException($"open of '{path}' failed: there is no such directory");
            if (names.IsDirectory(path)) throw new IOException($"open of '{path}' failed: it is a directory");
            content = new MemoryFileContent();
            names.AddFile(path, content);
        }
        return new MemoryFile(this, path, content, incarnation, mode);
    }

    public bool FileExists(string path)
    {
        lock (gate) return names.FindFile(Normal(path)) is not null;
    }

    public bool DirectoryExists(string path)
    {
        lock (gate) return names.IsDirectory(Normal(path));
    }

    public void CreateDirectory(string path)
    {
        path = Normal(path);
        if (DirectoryExists(path)) return;
        CreateDirectory(MemoryNames.ParentOf(path));
        Begin(FileOperationKind.Create, path, 0, 0);
        lock (gate) names.AddDirectory(path);
    }

    public IReadOnlyList<string> List(string path)
    {
        path = Normal(path);
        lock (gate)
        {
            if (!names.IsDirectory(path)) throw new DirectoryNotFoundException($"listing of '{path}' failed: there is no such directory");
            return [.. names.Children(path).Select(child => child[(child.LastIndexOf('/') + 1)..])];
        }
    }

    public void DeleteFile(string path)
    {
        path = Normal(path);
        Begin(FileOperationKind.Delete, path, 0, 0);
        lock (gate)
        {
            if (names.FindFile(path) is null) throw new FileNotFoundException($"delete of '{path}' failed: there is no such file", path);
            names.Delete(path);
            used = null;
        }
    }

    public void DeleteDirectory(string path)
    {
        path = Normal(path);
        Begin(FileOperationKind.DeleteDirectory, path, 0, 0);
        lock (gate)
        {
            if (!names.IsDirectory(path)) throw new DirectoryNotFoundException($"delete of '{path}' failed: there is no such directory");
            foreach (string name in names.TreeBottomUp(path)) names.Delete(name);
            used = null;
        }
    }

    public void Rename(string from, string to)
    {
        (from, to) = (Normal(from), Normal(to));
        Begin(FileOperationKind.Rename, from, 0, 0);
        lock (gate)
        {
            if (names.FindFile(from) is null && !names.IsDirectory(from)) throw new FileNotFoundException($"rename of '{from}' to '{to}' failed: there is no such file", from);
            if (!names.IsDirectory(MemoryNames.ParentOf(to))) throw new DirectoryNotFoundException($"rename of '{from}' to '{to}' failed: there is no such directory");
            if (names.IsDirectory(to)) throw new IOException($"rename of '{from}' to '{to}' failed: the target is a directory");
            names.Rename(from, to);
            used = null;
        }
    }

    public void SyncDirectory(string path)
    {
        path = Normal(path);
        Begin(FileOperationKind.SyncDirectory, path, 0, 0);
        if (FailSyncs) throw new IOException($"fsync of '{path}' failed: injected");
        lock (gate)
        {
            if (!names.IsDirectory(path)) throw new DirectoryNotFoundException($"fsync of '{path}' failed: there is no such directory");
            names.Sync(path);
        }
    }

    public long AvailableBytes(string path)
    {
        lock (gate) return Room();
    }

    public IDisposable? TryLock(string path)
    {
        path = Normal(path);
        lock (gate) return locks.Add(path) ? new HeldLock(this, path, incarnation) : null;
    }

    /// <summary>The power goes and comes back: what was unsynced is kept, lost or torn by <paramref name="seed"/>, open files and locks are gone, injected faults are cleared.</summary>
    public void Crash(ulong seed)
    {
        lock (gate)
        {
            CrashDice dice = new(seed);
            names = names.Survivor(ref dice);
            used = null;
            incarnation++;
            locks.Clear();
            stopped = false;
            (FailAtOperation, StopAtOperation, FailSyncs, FailNextSync) = (0, 0, false, false);
        }
    }

    /// <summary>What a power cut at this moment would leave, as a file system of its own; this one goes on.</summary>
    public MemoryFileSystem CrashClone(ulong seed)
    {
        lock (gate)
        {
            CrashDice dice = new(seed);
            return new MemoryFileSystem { names = names.Survivor(ref dice), CapacityBytes = CapacityBytes };
        }
    }

    /// <summary>The process dies and the machine does not: all that was written stays readable, open files and locks are gone.</summary>
    public void KillProcess()
    {
        lock (gate)
        {
            incarnation++;
            locks.Clear();
            stopped = false;
            StopAtOperation = 0;
        }
    }

    /// <summary>Turns one bit of a file around, durably and unseen.</summary>
    public void FlipBit(string path, long bit)
    {
        lock (gate) (names.FindFile(Normal(path)) ?? throw new FileNotFoundException($"there is no '{path}'", path)).FlipBit(bit);
    }

    internal int Read(MemoryFile file, Span<byte> buffer, long offset)
    {
        BeforeOperation?.Invoke(new FileOperation(FileOperationKind.Read, file.Path, offset, buffer.Length, OperationCount));
        lock (gate)
        {
            CheckRunning(file);
            return file.Content.Read(buffer, offset);
        }
    }

    internal long LengthOf(MemoryFile file)
    {
        lock (gate)
        {
            CheckRunning(file);
            return file.Content.Length;
        }
    }

    internal void Write(MemoryFile file, ReadOnlySpan<byte> data, long offset)
    {
        Begin(FileOperationKind.Write, file.Path, offset, data.Length);
        lock (gate)
        {
            CheckRunning(file);
            long before = file.Content.Length;
            int room = (int)Math.Min(data.Length, before - offset + Room());
            if (room > 0) file.Content.Write(data[..room], offset);
            LengthChanged(file, before);
            if (room < data.Length) throw new DiskFullException($"pwrite of '{file.Path}' failed: no space left");
        }
    }

    internal void Sync(MemoryFile file)
    {
        Begin(FileOperationKind.Sync, file.Path, 0, 0);
        bool fails = FailSyncs || FailNextSync;
        lock (gate)
        {
            CheckRunning(file);
            FailNextSync = false;
            if (!fails) file.Content.Sync();
            else file.Content.DropDirty();
        }
        if (fails) throw new IOException($"fdatasync of '{file.Path}' failed: injected");
    }

    internal void Allocate(MemoryFile file, long length)
    {
        Begin(FileOperationKind.Allocate, file.Path, length, 0);
        lock (gate)
        {
            CheckRunning(file);
            long before = file.Content.Length;
            if (length - before > Room()) throw new DiskFullException($"fallocate of '{file.Path}' failed: no space left");
            file.Content.Grow(length);
            LengthChanged(file, before);
        }
    }

    internal void Truncate(MemoryFile file, long length)
    {
        Begin(FileOperationKind.Truncate, file.Path, length, 0);
        lock (gate)
        {
            CheckRunning(file);
            long before = file.Content.Length;
            file.Content.Truncate(length);
            LengthChanged(file, before);
        }
    }

    /// <summary>An open file that is no longer where it was opened may have been renamed, or deleted and take no room.</summary>
    private void LengthChanged(MemoryFile file, long before)
    {
        if (file.Content.Length != before) used = names.FindFile(file.Path) == file.Content ? used + file.Content.Length - before : null;
    }

    private long Room() => CapacityBytes == Unlimited ? Unlimited : Math.Max(0, CapacityBytes - UsedBytes);

    private void Begin(FileOperationKind kind, string path, long offset, int length)
    {
        long number;
        lock (gate)
        {
            if (stopped) throw new MachineStoppedException();
            number = ++OperationCount;
            if (number == StopAtOperation)
            {
                stopped = true;
                throw new MachineStoppedException();
            }
        }
        BeforeOperation?.Invoke(new FileOperation(kind, path, offset, length, number));
        if (number == FailAtOperation) throw new IOException($"{kind} of '{path}' failed: injected at operation {number}");
    }

    private void CheckRunning(MemoryFile file)
    {
        if (stopped) throw new MachineStoppedException();
        if (file.Incarnation != incarnation) throw new ObjectDisposedException(file.Path, "the machine crashed since the file was opened");
    }

    private static string Normal(string path)
    {
        Invariant.That(path.Length > 0);
        return path.Length > 1 ? path.TrimEnd('/') : path;
    }

    private sealed class HeldLock(MemoryFileSystem fileSystem, string path, long incarnation) : IDisposable
    {
        public void Dispose()
        {
            lock (fileSystem.gate)
                if (fileSystem.incarnation == incarnation) fileSystem.locks.Remove(path);
        }
    }
}

/// <summary>The simulated machine was stopped by <see cref="MemoryFileSystem.StopAtOperation"/>.</summary>
public sealed class MachineStoppedException() : IOException("the machine has stopped");
