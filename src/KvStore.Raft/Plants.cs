#if PLANTED
using System.Text;

namespace KvStore.Raft;

/// <summary>Which planted bugs are in force in this process. Set before the first node starts; tests that search for one bug after another set it between their runs.</summary>
public static class Plants
{
    /// <summary>The environment variable from which a server reads names, separated by commas.</summary>
    public const string Variable = "KVSTORE_PLANT";

    private static readonly bool[] InForce = new bool[Enum.GetValues<PlantedBug>().Length];

    public static IReadOnlyList<PlantedBug> All { get; } = Enum.GetValues<PlantedBug>();

    public static bool Has(PlantedBug bug) => InForce[(int)bug];

    public static void Set(params IEnumerable<PlantedBug> bugs)
    {
        Array.Clear(InForce);
        foreach (var bug in bugs) InForce[(int)bug] = true;
    }

    /// <exception cref="ArgumentException">A name is not known; the message lists those that are.</exception>
    public static IReadOnlyList<PlantedBug> Parse(string names) =>
        [.. names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(name =>
            All.Where(bug => NameOf(bug) == name).Cast<PlantedBug?>().FirstOrDefault() ?? throw new ArgumentException($"no planted bug is called '{name}'; there are: {string.Join(", ", All.Select(NameOf))}"))];

    /// <summary>In lower case with dashes, as on the command line.</summary>
    public static string NameOf(PlantedBug bug)
    {
        var name = new StringBuilder();
        foreach (var letter in bug.ToString())
        {
            if (char.IsUpper(letter) && name.Length > 0) name.Append('-');
            name.Append(char.ToLowerInvariant(letter));
        }
        return name.ToString();
    }

    public static PlantAttribute Describe(PlantedBug bug) =>
        (PlantAttribute)Attribute.GetCustomAttribute(typeof(PlantedBug).GetField(bug.ToString())!, typeof(PlantAttribute))!;
}
#endif
