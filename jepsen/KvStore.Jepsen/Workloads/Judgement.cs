using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>What the check of a workload says about a history.</summary>
/// <param name="Verdict">Only <see cref="Verdict.Linearizable"/> is a pass.</param>
/// <param name="Text">The evidence in words; its first line is the summary.</param>
/// <param name="Drawn">What to draw as the timeline.</param>
internal sealed record Judgement(Verdict Verdict, string Text, CheckResult Drawn)
{
    // Generous, since the machine may be busy: what reaches it is Unknown, which is no pass.
    private static readonly CheckOptions Options = new() { MemoryBytesMax = 2L << 30, TimeMax = TimeSpan.FromMinutes(5) };

    /// <summary>The linearizability checker on the file as it is.</summary>
    /// <exception cref="HistoryFormatException">A line is broken.</exception>
    public static Judgement ByChecker(string file, CancellationToken cancellationToken) => Of(History.Read(file), cancellationToken);

    public static Judgement Of(History history, CancellationToken cancellationToken)
    {
        var result = LinearizabilityChecker.Check(history, Options, cancellationToken);
        return new Judgement(result.Verdict, result.ToString(), result);
    }
}
