namespace KvStore.Server.Configuration;

/// <summary>A setting is wrong. The message is one line: source, key, value, what was expected. The host exits with 2.</summary>
public sealed class ConfigurationException(string source, string key, string? value, string expected)
    : Exception($"{source}: {key}{(value is null ? "" : $" = '{value}'")}: {expected}");
