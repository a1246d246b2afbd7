using System.Text;

namespace KvStore.Linearizability.Tests;

/// <summary>What <c>jepsen/README.md</c> shows to newcomers is what the checker says.</summary>
public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "jepsen-README.md")).ReplaceLineEndings("\n");

    [Fact]
    public void The_example_has_the_result_that_is_shown()
    {
        var history = History.Read(new MemoryStream(Encoding.UTF8.GetBytes(Block("jsonl"))), "README");

        var result = LinearizabilityChecker.Check(history);

        Assert.Equal(Block("text"), result.ToString().ReplaceLineEndings("\n") + "\n");
    }

    [Fact]
    public void The_number_of_known_histories_is_right() => Assert.Contains($"{KnownHistories.All().Count()} histories of other systems with known verdicts", Readme);

    private static string Block(string language)
    {
        var example = Readme.IndexOf("Take this history", StringComparison.Ordinal);
        var start = Readme.IndexOf($"```{language}\n", example, StringComparison.Ordinal) + language.Length + 4;
        return Readme[start..Readme.IndexOf("```", start, StringComparison.Ordinal)];
    }
}
