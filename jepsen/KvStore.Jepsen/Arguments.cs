using System.Globalization;

namespace KvStore.Jepsen;

/// <summary>"--name value" pairs of a command; what is unknown or malformed is refused in one line.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <exception cref="UsageException">Not pairs, or a name that the command does not know.</exception>
    public Arguments(IReadOnlyList<string> arguments, params string[] known)
    {
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : throw new UsageException($"'{arguments[i]}': expected --option value");
            if (!known.Contains(name)) throw new UsageException($"--{name}: unknown option; known are {string.Join(", ", known.Select(k => "--" + k))}");
            if (i + 1 == arguments.Count) throw new UsageException($"--{name}: expected a value after it");
            if (!_values.TryAdd(name, arguments[i + 1])) throw new UsageException($"--{name}: given twice");
        }
    }

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public int Integer(string name, int fallback, int min, int max)
    {
        if (Text(name) is not { } text) return fallback;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new UsageException($"--{name} {text}: expected a whole number from {min} to {max}");
    }

    public int OneOf(string name, int fallback, params int[] allowed)
    {
        if (Text(name) is not { } text) return fallback;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && allowed.Contains(value)
            ? value
            : throw new UsageException($"--{name} {text}: expected {string.Join(" or ", allowed)}");
    }

    /// <summary>A number with a unit: 500ms, 60s, 5m, 2h; without one, seconds.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback, TimeSpan min, TimeSpan max)
    {
        if (Text(name) is not { } text) return fallback;
        (string Unit, double Seconds)[] units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];
        var (unit, seconds) = units.FirstOrDefault(u => text.EndsWith(u.Unit, StringComparison.Ordinal), ("", 1));
        return double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value * seconds >= min.TotalSeconds && value * seconds <= max.TotalSeconds
            ? TimeSpan.FromSeconds(value * seconds)
            : throw new UsageException($"--{name} {text}: expected a time such as 500ms, 60s, 5m or 2h, from {min.TotalSeconds:0.###} s to {max.TotalHours:0.#} h");
    }

    /// <summary>The server that the nodes run.</summary>
    public string Server()
    {
        var path = Text("server") ?? Environment.GetEnvironmentVariable("KVSTORE_SERVER") ?? throw new UsageException("--server: the path of KvStore.Server, a program or a dll, is missing (or set KVSTORE_SERVER)");
        return File.Exists(path) ? Path.GetFullPath(path) : throw new UsageException($"--server {path}: there is no such file");
    }
}

/// <summary>A wrong command line; the program says so in one line and exits with 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
