using System.Globalization;

namespace KvStore.Bench;

/// <summary>Options with their values, taken one by one; what is left then is unknown.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly string _help;

    /// <param name="args">--name value --name value …</param>
    /// <param name="help">The command that explains them.</param>
    /// <exception cref="UsageException">There is one without a value.</exception>
    public Arguments(string[] args, string help)
    {
        _help = help;
        for (var i = 0; i < args.Length; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length) throw new UsageException($"'{args[i]}' is no option with a value; see {help}");
            _values[args[i][2..]] = args[i + 1];
        }
    }

    public string? Take(string name) => _values.Remove(name, out var value) ? value : null;

    public string[] TakeEndpoints() => (Take("endpoints") ?? throw new UsageException($"--endpoints is missing; see {_help}")).Split(',', StringSplitOptions.RemoveEmptyEntries);

    /// <exception cref="UsageException">It is no number, or out of its limits.</exception>
    public double Take(string name, double byDefault, double min, double max)
    {
        if (Take(name) is not { } value) return byDefault;
        return double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new UsageException($"--{name} is '{value}'; expected a number from {min} to {max}");
    }

    /// <exception cref="UsageException">One was not taken.</exception>
    public void End()
    {
        if (_values.Count > 0) throw new UsageException($"--{_values.Keys.First()} is unknown; see {_help}");
    }
}
