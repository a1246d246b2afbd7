using System.Globalization;

namespace KvStore.Client.Internal;

/// <summary>A node's address as a user writes it.</summary>
internal readonly record struct Endpoint(string Scheme, string Address)
{
    /// <summary>Endpoints separated by commas. One that is a port alone takes scheme and host of the one before.</summary>
    /// <exception cref="KvInvalidArgumentException">One is malformed.</exception>
    public static IEnumerable<Endpoint> Parse(string endpoints)
    {
        var parsed = new List<Endpoint>();
        foreach (var text in endpoints.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (parsed.Count > 0 && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            {
                var before = parsed[^1];
                parsed.Add(before with { Address = $"{before.Address[..before.Address.LastIndexOf(':')]}:{port}" });
                continue;
            }
            var whole = text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}";
            if (!Uri.TryCreate(whole, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || !HasPort(whole) || uri.PathAndQuery is not "/")
                throw new KvInvalidArgumentException($"endpoint '{text}' is none; expected http://host:port or host:port.");
            parsed.Add(new Endpoint(uri.Scheme, $"{uri.Host}:{uri.Port}"));
        }
        return parsed;
    }

    /// <summary>Whether a text is a <c>host:port</c> that a connection can be made to.</summary>
    public static bool IsAddress(string text) => Uri.TryCreate($"http://{text}", UriKind.Absolute, out var uri) && uri.PathAndQuery == "/" && HasPort($"http://{text}");

    private static bool HasPort(string url)
    {
        var authority = url.AsSpan(url.IndexOf("://", StringComparison.Ordinal) + 3).TrimEnd('/');
        var colon = authority.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(authority[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
