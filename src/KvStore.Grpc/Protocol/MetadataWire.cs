using Grpc.Core;

namespace Grpc.Protocol;

/// <summary>Metadata as it arrives in HTTP fields.</summary>
internal static class MetadataWire
{
    /// <summary>
    /// Adds a received field. A <c>-bin</c> value may hold several comma-joined base64 values, padded or not;
    /// one that is not base64 is an <see cref="RpcException"/> with INTERNAL.
    /// </summary>
    public static void Add(Metadata metadata, string name, string value)
    {
        var key = name.ToLowerInvariant();
        if (!IsBinary(key))
        {
            metadata.Add(Metadata.Entry.FromWire(key, value));
            return;
        }

        foreach (var part in value.Split(',', StringSplitOptions.TrimEntries))
            metadata.Add(Metadata.Entry.FromWire(key, Decode(key, part)));
    }

    public static bool IsBinary(string name) => name.EndsWith(Metadata.BinaryHeaderSuffix, StringComparison.OrdinalIgnoreCase);

    private static byte[] Decode(string key, string base64)
    {
        var bytes = new byte[(base64.Length + 3) / 4 * 3];
        return Convert.TryFromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '='), bytes, out var count)
            ? bytes[..count]
            : throw new RpcException(new Status(StatusCode.Internal, $"The value of metadata '{key}' is not valid base64."));
    }
}
