using System.Globalization;
using System.Text.Json;

namespace KvStore.Bench;

/// <summary>Turns the lines of many runs into one table: medians over the rounds, and the ratios to etcd round by round.</summary>
internal sealed class BenchTable
{
    private sealed record Run(string Target, string Op, int Callers, string Phase, double OpsPerSecond, double P50, double P99);

    private readonly List<Run> _runs = [];

    /// <exception cref="UsageException">A line is not one that a run printed.</exception>
    public static BenchTable Read(string path)
    {
        var table = new BenchTable();
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                using var json = JsonDocument.Parse(line);
                var run = json.RootElement;
                table._runs.Add(new Run(Text(run, "target"), Text(run, "op"), run.GetProperty("callers").GetInt32(), run.TryGetProperty("phase", out var phase) ? phase.GetString()! : "",
                    run.GetProperty("ops_per_second").GetDouble(), run.GetProperty("p50_us").GetDouble(), run.GetProperty("p99_us").GetDouble()));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new UsageException($"{path}: '{line}' is not a line that kvbench printed");
            }
        }

        return table;
    }

    public void Write(TextWriter output)
    {
        output.WriteLine("| load | callers | ops/s | p50 µs | p99 µs | × etcd unary | × etcd txn of 64, as many puts at once | × etcd's best txn of 64 |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var group in _runs.GroupBy(r => (r.Target, r.Op, r.Callers, r.Phase)).OrderBy(g => g.Key.Op == "get").ThenBy(g => g.Key.Callers).ThenBy(g => g.Key.Target == "etcd").ThenBy(g => g.Key.Target, StringComparer.Ordinal).ThenBy(g => g.Key.Phase, StringComparer.Ordinal))
        {
            var (target, op, callers, phase) = group.Key;
            var name = target switch { "session" => "KvStore Session", "unary" => "KvStore unary", _ => "etcd" };
            var isOurs = target != "etcd";
            var etcd = Of("etcd", op == "get" ? "get" : "put", callers, op == "get" ? "fresh" : "");
            var batches = op == "put" ? Of("etcd", "txn64", callers / EtcdTarget.PutsPerTransaction, "") : [];
            var best = op == "put" ? _runs.Where(r => r.Op == "txn64").GroupBy(r => r.Callers).Select(g => g.ToList()).MaxBy(g => Median(g.Select(r => r.OpsPerSecond))) ?? [] : [];
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {name} {op}{(phase.Length > 0 ? $" ({phase})" : "")} | {callers} | {Median(group.Select(r => r.OpsPerSecond)):N0} | {Median(group.Select(r => r.P50)):N0} | {Median(group.Select(r => r.P99)):N0} | {Ratio(isOurs, group, etcd)} | {Ratio(isOurs, group, batches)} | {Ratio(isOurs, group, best)} |"));
        }

        var (ours, theirs) = (Of("session", "put", 1, ""), Of("etcd", "put", 1, ""));
        if (ours.Count > 0 && theirs.Count > 0)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"\nOne caller's put p50: {Median(ours.Zip(theirs, (a, b) => a.P50 / b.P50)):0.00} of etcd's."));
    }

    private List<Run> Of(string target, string op, int callers, string phase) => [.. _runs.Where(r => r.Target == target && r.Op == op && r.Callers == callers && r.Phase == phase)];

    private static string Ratio(bool isOurs, IEnumerable<Run> ours, List<Run> theirs) =>
        !isOurs || theirs.Count == 0 ? "" : Median(ours.Zip(theirs, (a, b) => a.OpsPerSecond / b.OpsPerSecond)).ToString("0.0", CultureInfo.InvariantCulture);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count % 2 == 1 ? sorted[sorted.Count / 2] : (sorted[sorted.Count / 2 - 1] + sorted[sorted.Count / 2]) / 2;
    }

    private static string Text(JsonElement run, string name) => run.GetProperty(name).GetString()!;
}
