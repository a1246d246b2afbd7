using System.Globalization;
using System.Text;

namespace Grpc.Protocol;

/// <summary>How grpc-message carries any text in printable ASCII.</summary>
internal static class PercentEncoding
{
    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('%'))
            return text;
        var encoded = new StringBuilder(text.Length + 16);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is >= (byte)' ' and <= (byte)'~' && b != '%')
                encoded.Append((char)b);
            else
                encoded.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return encoded.ToString();
    }

    /// <summary>Never fails, as the specification asks: what is not a valid escape stays as it is.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%'))
            return text;
        var source = Encoding.UTF8.GetBytes(text);
        var decoded = new byte[source.Length];
        var count = 0;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == '%' && i + 2 < source.Length && byte.TryParse(source.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                decoded[count++] = b;
                i += 2;
            }
            else
            {
                decoded[count++] = source[i];
            }
        }

        return Encoding.UTF8.GetString(decoded, 0, count);
    }
}
