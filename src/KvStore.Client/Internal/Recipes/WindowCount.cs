using System.Globalization;

namespace KvStore.Client.Internal.Recipes;

/// <summary>What a rate limiter stores: the lease that is the window, and the permits given out in it. As text: hexadecimal digits, a space, decimal digits.</summary>
internal readonly record struct WindowCount(KvLeaseId Window, int Given)
{
    public KvBytes Value => string.Create(CultureInfo.InvariantCulture, $"{Window} {Given}");

    /// <exception cref="KvPreconditionFailedException">It is something else.</exception>
    public static WindowCount Read(KvEntry entry)
    {
        var parts = entry.ValueText.Split(' ');
        return parts.Length == 2 && ulong.TryParse(parts[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var window) && window != 0
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? new WindowCount(new KvLeaseId(window), given)
            : throw new KvPreconditionFailedException($"The key '{entry.KeyText}' holds no state of a rate limiter.");
    }
}
