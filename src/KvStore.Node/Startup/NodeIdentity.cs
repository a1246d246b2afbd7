using System.Buffers.Binary;
using System.Globalization;
using KvStore.Raft;
using KvStore.Storage.FileSystem;

namespace KvStore.Node.Startup;

/// <summary>
/// Whose a data directory is: the file IDENTITY. The incarnation is drawn when the directory is made, so that a node whose directory was wiped is not taken for the one that
/// has voted before (docs/formats/identity.md).
/// </summary>
public sealed record NodeIdentity(ReadOnlyMemory<byte> ClusterId, NodeId Node, ReadOnlyMemory<byte> Incarnation)
{
    public const int IncarnationBytes = 16;
    internal const string FileName = "IDENTITY";
    private const string FirstLine = "kvstore-identity 1";

    /// <summary>The id that the node's WAL seeds its checksums with.</summary>
    internal ulong WalId => BinaryPrimitives.ReadUInt64LittleEndian(Incarnation.Span);

    /// <summary>Null when the directory has none yet.</summary>
    /// <exception cref="NodeStartException">The file is damaged.</exception>
    internal static NodeIdentity? Read(IFileSystem fileSystem, string directory)
    {
        var path = $"{directory}/{FileName}";
        if (DurableFile.Read(fileSystem, path) is not { } content) return null;
        try
        {
            var words = ChecksummedText.Decode(FirstLine, content).ToDictionary(line => line[0], line => line[1]);
            return new NodeIdentity(Convert.FromHexString(words["cluster"]), new NodeId(ulong.Parse(words["node"], CultureInfo.InvariantCulture)), Convert.FromHexString(words["incarnation"]));
        }
        catch (Exception damage) when (damage is InvalidDataException or FormatException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new NodeStartException($"{path} is damaged ({damage.Message}): replace this node by a fresh one (kvctl node replace)", damage);
        }
    }

    internal void Write(IFileSystem fileSystem, string directory) => DurableFile.Write(fileSystem, directory, FileName, ChecksummedText.Encode(FirstLine,
        [$"cluster {Convert.ToHexStringLower(ClusterId.Span)}", $"node {Node}", $"incarnation {Convert.ToHexStringLower(Incarnation.Span)}"]));

    internal static byte[] DrawIncarnation(SeededRandom random)
    {
        var incarnation = new byte[IncarnationBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(incarnation, random.Next());
        BinaryPrimitives.WriteUInt64LittleEndian(incarnation.AsSpan(8), random.Next());
        return incarnation;
    }
}
