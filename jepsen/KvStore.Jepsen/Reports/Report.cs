using System.Globalization;
using System.Text;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Runs;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Reports;

/// <summary>Writes what a run leaves in its folder beside the history, and says in words how it went.</summary>
internal static class Report
{
    public static void Write(RunOptions options, RunResult result, Judgement judgement, TextWriter output)
    {
        using (var page = new StreamWriter(Path.Combine(options.Directory, "timeline.html"), append: false, new UTF8Encoding(false))) Timeline.Write(judgement.Drawn, page);
        File.WriteAllText(Path.Combine(options.Directory, "latency.svg"), LatencyChart.Draw(result.Entries, result.Faults));
        File.WriteAllText(Path.Combine(options.Directory, "results.json"), ResultsJson.Write(options, result));
        output.WriteLine(result.Evidence);
        output.WriteLine(Line($"{result.Faults.Count} faults; {result.Count(Outcome.Completed)} operations done, {result.Count(Outcome.Failed)} failed, {result.Count(Outcome.Unknown)} unknown"));
        output.WriteLine($"done/failed/unknown: {string.Join(", ", result.Entries.GroupBy(e => e.Op, StringComparer.Ordinal).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(Kind))}");
        if (result.Failover.Times.Count > 0)
            output.WriteLine(Line($"leader killed: next acknowledged write of its group after p50 {result.Failover.P50.TotalMilliseconds:0} ms, p99 {result.Failover.P99.TotalMilliseconds:0} ms ({result.Failover.Times.Count} times)"));
        output.WriteLine($"timeline {Path.Combine(options.Directory, "timeline.html")}, latency {Path.Combine(options.Directory, "latency.svg")}");
    }

    private static string Kind(IGrouping<string, Entry> kind) =>
        Line($"{kind.Key} {kind.Count(e => e.Outcome == Outcome.Completed)}/{kind.Count(e => e.Outcome == Outcome.Failed)}/{kind.Count(e => e.Outcome == Outcome.Unknown)}");

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
