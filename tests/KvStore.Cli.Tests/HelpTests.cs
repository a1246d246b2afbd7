using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using KvStore.Cli.Commands;

namespace KvStore.Cli.Tests;

/// <summary>The help of every command as a file that is reviewed. Run with KVSTORE_REWRITE=1 to write it anew.</summary>
public sealed class HelpTests
{
    [Fact]
    public async Task The_help_is_the_reviewed_one()
    {
        var actual = new StringBuilder();
        foreach (var path in Paths(Root(), []))
        {
            var run = await CliRun.OfAsync([.. path, "--help"]);
            Assert.Equal(0, run.ExitCode);
            actual.Append($"$ {string.Join(' ', path.Prepend("kvctl").Append("--help"))}\n{string.Join('\n', run.Output.Replace($"  {RootCommand.ExecutableName} ", "  kvctl ", StringComparison.Ordinal).Split('\n').Select(l => l.TrimEnd()))}\n");
        }
        var file = GoldenFile();
        if (Environment.GetEnvironmentVariable("KVSTORE_REWRITE") == "1") await File.WriteAllTextAsync(file, actual.ToString());
        Assert.Equal(await File.ReadAllTextAsync(file), actual.ToString());
    }

    [Fact]
    public void Every_example_parses()
    {
        foreach (var command in All(Root()))
        {
            var example = Examples.Of(command);
            Assert.False(string.IsNullOrEmpty(example), command.Name);
            // What a shell would put in the place of a command in parentheses is a word, here as there.
            var inner = Regex.Match(example, @"[$<]\((kvctl[^)]*)\)").Groups[1];
            var whole = inner.Success ? Regex.Replace(example, @"[$<]\(kvctl[^)]*\)", "1") : example;
            foreach (var line in whole.Split("&&").Append(inner.Value).Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith("source ", StringComparison.Ordinal)))
            {
                Assert.StartsWith("kvctl ", line, StringComparison.Ordinal);
                Assert.Empty(Root().Parse(line["kvctl ".Length..]).Errors);
            }
        }
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Completion_scripts_ask_kvctl(string shell)
    {
        Assert.Contains("[suggest:", (await CliRun.OfAsync(["completion", shell])).Output, StringComparison.Ordinal);
        Assert.Contains("cluster", (await CliRun.OfAsync(["[suggest:8]", "kvctl cl"])).Output.Split('\n'));
    }

    private static RootCommand Root() => Kvctl.Build(new CliConsole(Stream.Null, TextWriter.Null, Stream.Null, _ => null));

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private static IEnumerable<string[]> Paths(Command command, string[] path) =>
        command.Subcommands.SelectMany(c => Paths(c, [.. path, c.Name])).Prepend(path);

    private static string GoldenFile([CallerFilePath] string source = "") => Path.Combine(Path.GetDirectoryName(source)!, "Help.txt");
}
