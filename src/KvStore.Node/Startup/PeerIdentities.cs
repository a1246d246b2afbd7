using System.Globalization;
using KvStore.Raft;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging;

namespace KvStore.Node.Startup;

/// <summary>
/// The incarnations of the other nodes, kept in the file PEERS since first contact. A node that comes back with another one has lost its data, and with it its votes: it is refused
/// until it is replaced. Thread-safe.
/// </summary>
public sealed class PeerIdentities
{
    private const string FileName = "PEERS";
    private const string FirstLine = "kvstore-peers 1";

    private readonly IFileSystem _fileSystem;
    private readonly string _directory;
    private readonly NodeIdentity _self;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<NodeId, byte[]> _incarnations = [];

    internal PeerIdentities(IFileSystem fileSystem, string directory, NodeIdentity self, ILogger logger)
    {
        (_fileSystem, _directory, _self, _logger) = (fileSystem, directory, self, logger);
        var path = $"{directory}/{FileName}";
        if (DurableFile.Read(fileSystem, path) is not { } content) return;
        try
        {
            foreach (var line in ChecksummedText.Decode(FirstLine, content)) _incarnations.Add(new NodeId(ulong.Parse(line[0], CultureInfo.InvariantCulture)), Convert.FromHexString(line[1]));
        }
        catch (Exception damage) when (damage is InvalidDataException or FormatException or IndexOutOfRangeException)
        {
            throw new NodeStartException($"{path} is damaged ({damage.Message}): delete it only if no node of this cluster was ever wiped", damage);
        }
    }

    /// <summary>
    /// Asked by the transport with what a peer's Hello says, before any frame of it is taken. Null: welcome; the incarnation is durable when this returns.
    /// Else why the connection must be refused, in one line with the remedy.
    /// </summary>
    /// <exception cref="IOException">The file could not be written.</exception>
    public string? Refuse(NodeId peer, ReadOnlySpan<byte> clusterId, ReadOnlySpan<byte> incarnation)
    {
        if (!clusterId.SequenceEqual(_self.ClusterId.Span)) return $"node {peer} is of another cluster: compare 'token' and 'founders' of both configurations";
        if (peer == _self.Node) return $"another process calls itself node {peer}: give it an id of its own";
        if (incarnation.Length != NodeIdentity.IncarnationBytes) return $"node {peer} sent an incarnation of {incarnation.Length} bytes instead of {NodeIdentity.IncarnationBytes}";
        lock (_lock)
        {
#if PLANTED
            if (Plants.Has(PlantedBug.IncarnationUnchecked)) return null;
#endif
            if (_incarnations.TryGetValue(peer, out var known)) return incarnation.SequenceEqual(known) ? null : $"node {peer} was wiped: kvctl node replace {peer}";
            _incarnations.Add(peer, incarnation.ToArray());
            DurableFile.Write(_fileSystem, _directory, FileName, ChecksummedText.Encode(FirstLine, _incarnations.Select(pair => $"{pair.Key} {Convert.ToHexStringLower(pair.Value)}")));
        }
        NodeLog.PeerRecorded(_logger, peer);
        return null;
    }
}
