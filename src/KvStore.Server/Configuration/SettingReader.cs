using System.Globalization;
using System.Net;

namespace KvStore.Server.Configuration;

/// <summary>Turns settings into typed values; every refusal names source, key, value and what was expected.</summary>
internal sealed class SettingReader(SettingSource source)
{
    private readonly HashSet<string> _known = new(StringComparer.OrdinalIgnoreCase) { "config" };

    public string Text(string key, string fallback)
    {
        var setting = Take(key);
        if (setting is null) return fallback;
        return setting.Value.Length > 0 ? setting.Value : throw Bad(setting, "expected a non-empty text");
    }

    public string OptionalText(string key) => Take(key)?.Value ?? "";

    public int Integer(string key, int fallback, int min, int max)
    {
        var setting = Take(key);
        if (setting is null) return fallback;
        return int.TryParse(setting.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw Bad(setting, $"expected a whole number from {min} to {max}");
    }

    public ulong Id(string key, ulong fallback)
    {
        var setting = Take(key);
        if (setting is null) return fallback;
        return ulong.TryParse(setting.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0
            ? value
            : throw Bad(setting, "expected a whole number of at least 1");
    }

    public double Fraction(string key, double fallback)
    {
        var setting = Take(key);
        if (setting is null) return fallback;
        return double.TryParse(setting.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and < 0.5
            ? value
            : throw Bad(setting, "expected a fraction from 0 to below 0.5");
    }

    public bool Switch(string key)
    {
        var setting = Take(key);
        if (setting is null) return false;
        return bool.TryParse(setting.Value, out var value) ? value : throw Bad(setting, "expected true or false");
    }

    public string Address(string key, string fallback)
    {
        var setting = Take(key);
        if (setting is null) return fallback;
        var colon = setting.Value.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(setting.Value.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 0 or > 65535
            || (setting.Value[..colon] != "localhost" && !IPAddress.TryParse(setting.Value[..colon], out _)))
            throw Bad(setting, "expected IP-address:port, such as 127.0.0.1:7101");
        return setting.Value;
    }

    /// <summary>How many items the list has; they are numbered from 0 without a gap.</summary>
    public int ListLength(string key)
    {
        var length = 0;
        while (source.All.Any(s => s.Key.StartsWith($"{key}:{length}:", StringComparison.OrdinalIgnoreCase))) length++;
        return length;
    }

    public bool Has(string key) => source.Find(key) is not null;

    /// <exception cref="ConfigurationException">A setting that nothing asked for, most likely misspelt.</exception>
    public void RefuseUnknown()
    {
        foreach (var setting in source.All)
            if (!_known.Contains(setting.Key)) throw Bad(setting, "unknown setting");
    }

    public ConfigurationException Bad(string key, string expected)
    {
        var setting = source.Find(key);
        return setting is null ? new ConfigurationException("configuration", key, null, expected) : Bad(setting, expected);
    }

    private SettingSource.Setting? Take(string key)
    {
        _known.Add(key);
        return source.Find(key);
    }

    private static ConfigurationException Bad(SettingSource.Setting setting, string expected) => new(setting.Source, setting.Key, setting.Value, expected);
}
