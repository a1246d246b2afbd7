using System.Text.Json;

namespace KvStore.Server.Configuration;

/// <summary>
/// Settings by key, flattened ("Founders:0:NodeId"), each with where it came from. Later sources win: JSON file, environment (KVSTORE_ prefix, "__" for ":"), command line.
/// </summary>
public sealed class SettingSource
{
    private const string EnvironmentPrefix = "KVSTORE_";
    // Read by other programs of the project, not settings of a node.
    private static readonly string[] ForeignVariables =
    [
        "KVSTORE_SERVER", "KVSTORE_REWRITE", "KVSTORE_REQUIRE_INTEROP",
#if PLANTED
        Raft.Plants.Variable,
#endif
    ];
    private readonly SortedDictionary<string, Setting> _settings = new(StringComparer.OrdinalIgnoreCase);

    public sealed record Setting(string Key, string Value, string Source);

    public IEnumerable<Setting> All => _settings.Values;

    public Setting? Find(string key) => _settings.GetValueOrDefault(key);

    public void Set(string key, string value, string source) => _settings[key] = new Setting(key, value, source);

    public void AddJsonFile(string path)
    {
        string text;
        try { text = File.ReadAllText(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(path, "(file)", null, $"cannot be read: {e.Message}");
        }

        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new ConfigurationException(path, "(file)", null, "expected a JSON object");
            Flatten(document.RootElement, "", path);
        }
        catch (JsonException e)
        {
            throw new ConfigurationException(path, "(file)", null, $"is not valid JSON: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    public void AddEnvironment(System.Collections.IDictionary variables)
    {
        foreach (System.Collections.DictionaryEntry variable in variables)
        {
            var name = (string)variable.Key;
            if (!name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase) || ForeignVariables.Contains(name)) continue;
            Set(name[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal), (string?)variable.Value ?? "", $"environment variable {name}");
        }
    }

    /// <summary>"--key value" and "--key=value"; "--config FILE" is read first, wherever it stands.</summary>
    public void AddCommandLine(IReadOnlyList<string> arguments)
    {
        var pairs = new List<(string Key, string Value)>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            if (!argument.StartsWith("--", StringComparison.Ordinal)) throw new ConfigurationException("command line", argument, null, "expected --key value");
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) pairs.Add((argument[2..equals], argument[(equals + 1)..]));
            else if (i + 1 < arguments.Count) pairs.Add((argument[2..], arguments[++i]));
            else throw new ConfigurationException("command line", argument, null, "expected a value after it");
        }

        foreach (var (key, value) in pairs)
            if (!key.Equals("config", StringComparison.OrdinalIgnoreCase)) Set(key, value, "command line");
    }

    /// <summary>The file that the command line (or KVSTORE_CONFIG) names, if any.</summary>
    public static string? ConfigFile(IReadOnlyList<string> arguments, System.Collections.IDictionary environment)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i].StartsWith("--config=", StringComparison.OrdinalIgnoreCase)) return arguments[i]["--config=".Length..];
            if (arguments[i].Equals("--config", StringComparison.OrdinalIgnoreCase) && i + 1 < arguments.Count) return arguments[i + 1];
        }

        return environment[EnvironmentPrefix + "CONFIG"] as string;
    }

    private void Flatten(JsonElement element, string key, string path)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject()) Flatten(member.Value, key.Length == 0 ? member.Name : $"{key}:{member.Name}", path);
                break;
            case JsonValueKind.Array:
                var i = 0;
                foreach (var item in element.EnumerateArray()) Flatten(item, $"{key}:{i++}", path);
                break;
            case JsonValueKind.Null:
                break;
            case JsonValueKind.String:
                Set(key, element.GetString()!, path);
                break;
            default:
                Set(key, element.GetRawText(), path);
                break;
        }
    }
}
