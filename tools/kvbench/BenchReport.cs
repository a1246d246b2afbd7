using System.Text;
using System.Text.Json;

namespace KvStore.Bench;

/// <summary>What one run measured.</summary>
internal sealed record BenchReport(BenchOptions Options, long Operations, double Seconds, double? SlowestSecond, double P50Microseconds, double P99Microseconds, long Errors, string? FirstError)
{
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("target", Options.Target.ToString().ToLowerInvariant());
            json.WriteString("op", Options.Load.ToString().ToLowerInvariant());
            json.WriteNumber("callers", Options.Callers);
            json.WriteNumber("keys", Options.Keys);
            json.WriteNumber("value_bytes", Options.ValueBytes);
            json.WriteNumber("seconds", Math.Round(Seconds, 3));
            json.WriteNumber("operations", Operations);
            json.WriteNumber("ops_per_second", Math.Round(Operations / Seconds));
            if (SlowestSecond is { } slowest) json.WriteNumber("slowest_second", Math.Round(slowest));
            json.WriteNumber("p50_us", P50Microseconds);
            json.WriteNumber("p99_us", P99Microseconds);
            json.WriteNumber("errors", Errors);
            if (FirstError is not null) json.WriteString("first_error", FirstError);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
