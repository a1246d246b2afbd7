using System.Globalization;

namespace KvStore.Simulation.CommandLine;

/// <summary>"--name value" pairs and flags; what is unknown or malformed is refused in one line.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <exception cref="UsageException">A name that is not known, or a value that is missing.</exception>
    public Arguments(IReadOnlyList<string> arguments, IReadOnlyList<string> withValue, IReadOnlyList<string> flags)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i].StartsWith("--", StringComparison.Ordinal) ? arguments[i][2..] : throw new UsageException($"'{arguments[i]}': expected an option that begins with --");
            string value;
            if (flags.Contains(name)) value = "";
            else if (!withValue.Contains(name)) throw new UsageException($"--{name}: unknown option; known are {string.Join(", ", withValue.Concat(flags).Select(known => "--" + known))}");
            else if (++i == arguments.Count) throw new UsageException($"--{name}: expected a value after it");
            else value = arguments[i];
            if (!_values.TryAdd(name, value)) throw new UsageException($"--{name}: given twice");
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public ulong? Number(string name, ulong min, ulong max)
    {
        if (Text(name) is not { } text) return null;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max
            ? value
            : throw new UsageException($"--{name} {text}: expected a whole number from {min} to {max}");
    }
}
