using System.Text;

namespace KvStore.Raft.Tests.Scenarios;

/// <summary>
/// A script: steps of commands, a line <c>----</c>, the expected output, an empty line. Lines that start with # are comments. With the environment
/// variable KVSTORE_REWRITE=1 the expected output is replaced by the real one in the source tree.
/// </summary>
internal sealed class ScenarioFile(string path)
{
    private const string Separator = "----";

    public static bool IsRewriting => Environment.GetEnvironmentVariable("KVSTORE_REWRITE") == "1";

    /// <summary>Runs every step. Throws at the first one whose output differs.</summary>
    public void Run(Func<string, string> execute)
    {
        var lines = File.ReadAllLines(path);
        var rewritten = new StringBuilder();
        var at = 0;
        while (at < lines.Length)
        {
            if (lines[at].Length == 0 || lines[at].StartsWith('#'))
            {
                rewritten.Append(lines[at++]).Append('\n');
                continue;
            }
            var first = at;
            var output = new StringBuilder();
            for (; at < lines.Length && lines[at] != Separator && lines[at].Length > 0; at++)
            {
                rewritten.Append(lines[at]).Append('\n');
                output.Append(execute(lines[at]));
            }
            List<string> expected = [];
            if (at < lines.Length && lines[at] == Separator)
                for (at++; at < lines.Length && lines[at].Length > 0; at++) expected.Add(lines[at]);
            var actual = output.Length == 0 ? "ok\n" : output.ToString();
            rewritten.Append(Separator).Append('\n').Append(actual);
            if (!IsRewriting)
                Assert.True(string.Concat(expected.Select(l => l + "\n")) == actual, $"{Path.GetFileName(path)}:{first + 1} {lines[first]}\nexpected:\n{string.Join('\n', expected)}\nactual:\n{actual}");
        }
        if (IsRewriting) File.WriteAllText(path, rewritten.ToString());
    }
}
