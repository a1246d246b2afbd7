using System.Text;

namespace KvStore.Client.Internal.Recipes;

/// <summary>Checks of the names that recipes make keys and locks of.</summary>
internal static class RecipeNames
{
    private const int PartBytesMax = 500, PrefixBytesMax = 2000;

    /// <summary>A part of a key: 1 to 500 bytes of UTF-8 without '/'.</summary>
    public static string Part(string name, string what)
    {
        ArgumentNullException.ThrowIfNull(name);
        var bytes = Encoding.UTF8.GetByteCount(name);
        if (bytes is 0 or > PartBytesMax) throw new KvInvalidArgumentException($"The {what} has {bytes} bytes; it must have 1 to {PartBytesMax}.");
        return name.Contains('/', StringComparison.Ordinal) ? throw new KvInvalidArgumentException($"The {what} '{name}' contains '/'.") : name;
    }

    /// <summary>A prefix that ends with '/', so that all keys below it lie in one range and are read in one snapshot.</summary>
    public static string Prefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length < 2 || prefix[0] == '/' || prefix[^1] != '/') throw new KvInvalidArgumentException($"The prefix '{prefix}' must end with '/', and not begin with it.");
        return Encoding.UTF8.GetByteCount(prefix) <= PrefixBytesMax ? prefix : throw new KvInvalidArgumentException($"The prefix has more than {PrefixBytesMax} bytes.");
    }

    public static string DecimalKey(long number) => number.ToString("D20", System.Globalization.CultureInfo.InvariantCulture);
}
