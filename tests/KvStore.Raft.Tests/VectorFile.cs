using System.Runtime.CompilerServices;

namespace KvStore.Raft.Tests;

/// <summary>Reads etcd's data-driven test files: input lines, a line of dashes, expected lines, an empty line.</summary>
internal static class VectorFile
{
    public sealed record Case(string Where, IReadOnlyList<string> Input, IReadOnlyList<string> Expected)
    {
        public string Command => Input[0].Split(' ')[0];

        /// <summary>The words inside <c>name=(…)</c>; null when the argument is absent.</summary>
        public string[]? Argument(string name)
        {
            var start = Input[0].IndexOf(name + "=(", StringComparison.Ordinal);
            if (start < 0) return null;
            start += name.Length + 2;
            return Input[0][start..Input[0].IndexOf(')', start)].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        }
    }

    public static IReadOnlyList<Case> Read(string name, [CallerFilePath] string here = "")
    {
        List<Case> cases = [];
        List<string> input = [], expected = [];
        var inOutput = false;
        var lines = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(here)!, "Vectors", name));
        for (var i = 0; i <= lines.Length; i++)
        {
            var line = i < lines.Length ? lines[i] : "";
            if (line.Length == 0)
            {
                if (inOutput) cases.Add(new Case($"{name}:{i}", input, expected));
                if (inOutput) (input, expected, inOutput) = ([], [], false);
            }
            else if (line == "----") inOutput = true;
            else if (inOutput) expected.Add(line);
            else if (!line.StartsWith('#')) input.Add(line);
        }
        Assert.NotEmpty(cases);
        return cases;
    }
}
