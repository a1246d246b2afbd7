using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KvStore.Node.Placement;

/// <summary>The name of a cluster, known to each founder before any of them has met another.</summary>
public static class ClusterId
{
    public const int Bytes = SHA256.HashSizeInBytes;

    /// <summary>
    /// SHA-256 over: "kvstore-cluster-1", the token, the number of founders (u32), then for each founder in order of id its id (u64) and peer address.
    /// Strings are UTF-8 after their length in bytes (u32); all numbers little endian. Client addresses and zones are left out: they may be corrected later.
    /// </summary>
    public static ReadOnlyMemory<byte> Compute(string token, IReadOnlyList<Founder> founders)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(founders);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, "kvstore-cluster-1");
        Append(hash, token);
        Append(hash, (uint)founders.Count);
        foreach (var founder in founders.OrderBy(f => f.Id))
        {
            Append(hash, founder.Id.Value);
            Append(hash, founder.PeerAddress);
        }
        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Append(hash, (uint)bytes.Length);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, uint number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, ulong number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
