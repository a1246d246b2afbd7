using System.Buffers.Binary;
using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Simulation.Membership;

/// <summary>The state machine of the small simulation, a hash over all applied entries, as of an index; also what a snapshot carries.</summary>
internal sealed record MemberCheckpoint(LogIndex Index, Term Term, Configuration Configuration, ulong Hash)
{
    private const string Directory = "/member";
    private const string Path = Directory + "/checkpoint";
    private const int HeaderBytes = 3 * sizeof(ulong);

    /// <summary>Durable when it returns.</summary>
    public void Write(IFileSystem disk)
    {
        var configuration = Configuration.Encode();
        var bytes = new byte[HeaderBytes + configuration.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Index.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Term.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), Hash);
        configuration.CopyTo(bytes, HeaderBytes);
        disk.CreateDirectory(Directory);
        using (var file = disk.Open(Path + ".new", FileOpen.OpenOrCreate))
        {
            file.Truncate(0);
            file.WriteAt(bytes, 0);
            file.Sync();
        }
        disk.Rename(Path + ".new", Path);
        disk.SyncDirectory(Directory);
    }

    /// <summary>Null when there is none yet.</summary>
    public static MemberCheckpoint? Read(IFileSystem disk)
    {
        if (!disk.FileExists(Path)) return null;
        using var file = disk.Open(Path, FileOpen.ReadOnly);
        var bytes = new byte[file.Length];
        file.ReadAt(bytes, 0);
        return new MemberCheckpoint(new LogIndex(BinaryPrimitives.ReadUInt64LittleEndian(bytes)), new Term(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8))),
            Configuration.Decode(bytes.AsSpan(HeaderBytes)), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)));
    }
}
