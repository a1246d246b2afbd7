using System.Diagnostics;
using Xunit.Abstractions;

namespace KvStore.Linearizability.Tests;

public sealed class KnownHistoriesTests(ITestOutputHelper output)
{
    public static TheoryData<string, int, Verdict> Manifest()
    {
        var data = new TheoryData<string, int, Verdict>();
        foreach (var (file, operations, verdict) in KnownHistories.All()) data.Add(file, operations, verdict);
        return data;
    }

    [Theory]
    [MemberData(nameof(Manifest))]
    public void The_verdict_is_the_known_one(string file, int operations, Verdict verdict)
    {
        var history = History.Read(KnownHistories.PathOf(file));

        var result = LinearizabilityChecker.Check(history);

        Assert.Equal(operations, history.Operations.Count);
        Assert.Equal(verdict, result.Verdict);
        Assert.Equal(verdict is Verdict.NotLinearizable, result.Violation is not null);
    }

    [Fact]
    public void Every_file_is_in_the_manifest()
    {
        var files = Directory.GetFiles(KnownHistories.PathOf("."), "*.jsonl").Select(Path.GetFileName);

        Assert.Equal(files.Order(StringComparer.Ordinal), KnownHistories.All().Select(h => h.File).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_together_are_read_and_checked()
    {
        var started = Stopwatch.GetTimestamp();
        var right = KnownHistories.All().Count(h => LinearizabilityChecker.Check(History.Read(KnownHistories.PathOf(h.File))).Verdict == h.Verdict);

        output.WriteLine($"{right} histories in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
        Assert.Equal(KnownHistories.All().Count(), right);
    }
}
