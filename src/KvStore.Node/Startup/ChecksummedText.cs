using System.Numerics;
using System.Text;

namespace KvStore.Node.Startup;

/// <summary>A small text file: a first line that names kind and format version, lines of words, and a last line <c>crc</c> with the CRC32C of everything before it.</summary>
internal static class ChecksummedText
{
    public static byte[] Encode(string firstLine, IEnumerable<string> lines)
    {
        var text = string.Concat(lines.Prepend(firstLine).Select(line => line + "\n"));
        return Encoding.UTF8.GetBytes($"{text}crc {Checksum(text):x8}\n");
    }

    /// <summary>The lines between the first and the last.</summary>
    /// <exception cref="InvalidDataException">Another kind or version, or damage.</exception>
    public static IReadOnlyList<string[]> Decode(string firstLine, ReadOnlySpan<byte> content)
    {
        var text = Encoding.UTF8.GetString(content);
        var end = text.LastIndexOf("crc ", StringComparison.Ordinal);
        if (end < 0 || text[end..] != $"crc {Checksum(text[..end]):x8}\n") throw new InvalidDataException("the checksum does not match");
        var lines = text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length == 0 || lines[0] != firstLine) throw new InvalidDataException($"it does not begin with '{firstLine}'");
        return [.. lines.Skip(1).Select(line => line.Split(' '))];
    }

    private static uint Checksum(string text)
    {
        var crc = uint.MaxValue;
        foreach (var b in Encoding.UTF8.GetBytes(text)) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
