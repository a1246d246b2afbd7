using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Runs;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Reports;

/// <summary>The file results.json of a run. Times are in milliseconds.</summary>
internal static class ResultsJson
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(RunOptions options, RunResult result) => new JsonObject
    {
        ["verdict"] = result.Verdict.ToString(),
        ["reason"] = result.Reason,
        ["evidence"] = result.Evidence,
        ["workload"] = options.Workload.Name,
        ["nemesis"] = options.NemesisNames,
        ["skipped"] = new JsonArray([.. result.Skipped.Select(s => new JsonObject { ["nemesis"] = s.Name, ["reason"] = s.Reason })]),
        ["plant"] = options.Plant,
        ["nodes"] = options.Nodes,
        ["clients"] = options.Clients,
        ["seed"] = options.Seed,
        ["time_ms"] = options.Time.TotalMilliseconds,
        ["operations"] = Operations(result),
        ["leader_kills"] = new JsonObject
        {
            ["count"] = result.Failover.Times.Count,
            ["next_write_p50_ms"] = Math.Round(result.Failover.P50.TotalMilliseconds, 1),
            ["next_write_p99_ms"] = Math.Round(result.Failover.P99.TotalMilliseconds, 1),
        },
        ["faults"] = new JsonArray([.. result.Faults.Select(Fault)]),
    }.ToJsonString(Indented);

    private static JsonObject Operations(RunResult result)
    {
        var operations = new JsonObject();
        foreach (var op in result.Entries.GroupBy(e => e.Op).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            operations[op.Key] = new JsonObject
            {
                ["done"] = op.Count(e => e.Outcome == Outcome.Completed),
                ["failed"] = op.Count(e => e.Outcome == Outcome.Failed),
                ["unknown"] = op.Count(e => e.Outcome == Outcome.Unknown),
            };
        }

        return operations;
    }

    private static JsonObject Fault(Fault fault) => new()
    {
        ["nemesis"] = fault.Nemesis,
        ["what"] = fault.What,
        ["begin_ms"] = fault.Begin / 1_000_000,
        ["end_ms"] = fault.End / 1_000_000,
    };
}
