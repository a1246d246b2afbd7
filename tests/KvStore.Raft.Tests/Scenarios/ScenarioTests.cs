using System.Runtime.CompilerServices;

namespace KvStore.Raft.Tests.Scenarios;

public sealed class ScenarioTests
{
    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    public static TheoryData<string> Scripts => [.. Directory.GetFiles(Folder(), "*.txt").Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Script_gives_the_expected_output(string script)
    {
        var scenario = new Scenario();
        new ScenarioFile(Path.Combine(Folder(), script)).Run(scenario.Execute);
    }
}
