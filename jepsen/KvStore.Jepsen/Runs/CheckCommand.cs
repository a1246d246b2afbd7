using System.Text;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Runs;

/// <summary><c>check</c>: the check of a workload on a history that was recorded before.</summary>
internal static class CheckCommand
{
    public const string Usage = "check FILE [--workload NAME] [--timeline FILE.html]";

    /// <returns>The exit code: 0 linearizable, 1 not, or undecided.</returns>
    /// <exception cref="UsageException">An option is wrong, or a line of the history is broken.</exception>
    public static int Run(IReadOnlyList<string> rest, TextWriter output, CancellationToken cancellationToken)
    {
        if (rest.Count == 0 || rest[0].StartsWith("--", StringComparison.Ordinal)) throw new UsageException($"usage: {Usage}");
        var file = rest[0];
        var arguments = new Arguments([.. rest.Skip(1)], "workload", "timeline");
        var workload = WorkloadList.Find(arguments.Text("workload") ?? "register");
        Judgement judgement;
        try
        {
            judgement = workload.Judge(file, cancellationToken);
        }
        catch (HistoryFormatException e)
        {
            throw new UsageException(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file}: cannot be read: {e.Message}");
        }

        if (arguments.Text("timeline") is { } page)
        {
            using var writer = new StreamWriter(page, append: false, new UTF8Encoding(false));
            Timeline.Write(judgement.Drawn, writer);
        }

        output.WriteLine(judgement.Text);
        // A history in which nothing succeeded shows nothing.
        var verdict = judgement is { Verdict: Verdict.Linearizable, Drawn.History.CompletedCount: 0 } ? Verdict.Unknown : judgement.Verdict;
        output.WriteLine(verdict == judgement.Verdict ? $"{verdict}" : $"{verdict} (no operation succeeded)");
        return verdict == Verdict.Linearizable ? 0 : 1;
    }
}
