using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Recording;

/// <summary>A history as JSON lines (jepsen/histories/README.md), with operations that only a workload knows.</summary>
internal static class HistoryFile
{
    public static void Write(Stream stream, IEnumerable<Entry> entries)
    {
        using var json = new Utf8JsonWriter(stream);
        foreach (var entry in entries)
        {
            json.WriteStartObject();
            json.WriteNumber("client", entry.Client);
            json.WriteString("key", entry.Key);
            json.WriteString("op", entry.Op);
            json.WritePropertyName("in");
            WriteNode(json, entry.In);
            json.WritePropertyName("out");
            WriteNode(json, entry.Out);
            json.WriteNumber("call", entry.Call);
            json.WriteNumber("return", entry.Return);
            if (entry.Outcome == Outcome.Unknown) json.WriteString("ok", "info");
            else json.WriteBoolean("ok", entry.Outcome == Outcome.Completed);
            if (entry.Error is { } error) json.WriteString("error", error);
            json.WriteEndObject();
            json.Flush();
            stream.WriteByte((byte)'\n');
            json.Reset();
        }
    }

    /// <exception cref="UsageException">A line is broken: file, line and reason.</exception>
    public static IReadOnlyList<Entry> Read(string path)
    {
        var entries = new List<Entry>();
        var number = 0;
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line) || line.StartsWith('#')) continue;
            try
            {
                entries.Add(Parse(line, number));
            }
            catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
            {
                throw new UsageException($"{path}:{number}: {(e is JsonException ? "not JSON: " : "")}{e.Message.ReplaceLineEndings(" ")}");
            }
        }

        return entries;
    }

    private static Entry Parse(string line, int number)
    {
        if (JsonNode.Parse(line) is not JsonObject node) throw new FormatException("expected a JSON object");
        return new Entry
        {
            Client = Required(node, "client").GetValue<int>(),
            Key = Required(node, "key").GetValue<string>(),
            Op = Required(node, "op").GetValue<string>(),
            In = node["in"]?.DeepClone(),
            Out = node["out"]?.DeepClone(),
            Call = Required(node, "call").GetValue<long>(),
            Return = node["return"]?.GetValue<long>() ?? Required(node, "call").GetValue<long>(),
            Outcome = OutcomeOf(Required(node, "ok")),
            Line = number,
        };
    }

    private static JsonNode Required(JsonObject node, string member) => node[member] ?? throw new FormatException($"member \"{member}\" is missing");

    private static Outcome OutcomeOf(JsonNode ok) => ok.GetValueKind() switch
    {
        JsonValueKind.True => Outcome.Completed,
        JsonValueKind.False => Outcome.Failed,
        JsonValueKind.String when ok.GetValue<string>() == "info" => Outcome.Unknown,
        _ => throw new FormatException("\"ok\" must be true, false or \"info\""),
    };

    private static void WriteNode(Utf8JsonWriter json, JsonNode? node)
    {
        if (node is null) json.WriteNullValue();
        else node.WriteTo(json);
    }
}
