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
}

/// <summary>A wrong command line; the program says so in one line and exits with 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
