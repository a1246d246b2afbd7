using System.Globalization;
using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Node.Startup;

/// <summary>A node's data directory, locked and known to be this node's: LOCK, IDENTITY, PEERS, wal/, groups/&lt;id&gt;/.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly IFileSystem _fileSystem;
    private readonly IDisposable _lock;

    private DataDirectory(IFileSystem fileSystem, string path, IDisposable @lock, NodeIdentity identity) => (_fileSystem, Path, _lock, Identity) = (fileSystem, path, @lock, identity);

    public string Path { get; }
    public NodeIdentity Identity { get; }
    public string Wal => $"{Path}/wal";

    /// <exception cref="NodeStartException">In use, or of another node or cluster.</exception>
    public static DataDirectory Open(NodeOptions options, IFileSystem fileSystem, SeededRandom random)
    {
        var path = options.DataDirectory;
        fileSystem.CreateDirectory(path);
        var held = fileSystem.TryLock($"{path}/LOCK") ?? throw new NodeStartException($"the data directory {path} is in use by another process: stop it, or give this node another directory");
        try
        {
            // IDENTITY and PEERS as they are read now must stay, though the process that renamed them into place may have failed to sync the directory.
            fileSystem.SyncDirectory(path);
            return new DataDirectory(fileSystem, path, held, OpenIdentity(options, fileSystem, random));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static NodeIdentity OpenIdentity(NodeOptions options, IFileSystem fileSystem, SeededRandom random)
    {
        var path = options.DataDirectory;
        var clusterId = ClusterId.Compute(options.Token, options.Founders);
        if (NodeIdentity.Read(fileSystem, path) is { } identity)
        {
            if (!identity.ClusterId.Span.SequenceEqual(clusterId.Span))
                throw new NodeStartException($"the data directory {path} belongs to another cluster: 'token' or 'founders' is not what it was when the directory was made");
            if (identity.Node != options.Id)
                throw new NodeStartException($"the data directory {path} belongs to node {identity.Node}, not to node {options.Id}: correct the node id or the directory");
            return identity;
        }
        if (fileSystem.List(path).FirstOrDefault(name => name is "wal" or "groups") is { } left)
            throw new NodeStartException($"the data directory {path} holds '{left}' but no IDENTITY: it is not a new node's; give this node an empty directory");
        identity = new NodeIdentity(clusterId, options.Id, NodeIdentity.DrawIncarnation(random));
        identity.Write(fileSystem, path);
        return identity;
    }

    public string Group(GroupId group) => $"{Path}/groups/{group}";

    /// <summary>The groups that have a directory, in order.</summary>
    public IReadOnlyList<GroupId> Groups()
    {
        var path = $"{Path}/groups";
        if (!_fileSystem.DirectoryExists(path)) return [];
        return [.. _fileSystem.List(path).Select(Parse).Order()];

        GroupId Parse(string name) => ulong.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? new GroupId(id)
            : throw new NodeStartException($"{path}/{name} is no group's directory: move it away");
    }

    public void Dispose() => _lock.Dispose();
}
