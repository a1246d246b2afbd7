using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KvStore.Cli.Output;

/// <summary>One JSON document and a newline. Bytes that are no UTF-8 become base64 under the field's name with `_base64`.</summary>
internal static class JsonPrinter
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Print(CommandResult result, CliConsole console)
    {
        using (var json = new Utf8JsonWriter(console.Output, Options))
        {
            Write(json, result);
        }
        console.Write("\n");
    }

    private static void Write(Utf8JsonWriter json, CommandResult result)
    {
        if (result.IsList) json.WriteStartArray();
        foreach (var row in result.Rows) WriteRow(json, result.Columns, row);
        if (result.IsList) json.WriteEndArray();
    }

    private static void WriteRow(Utf8JsonWriter json, string[] columns, object?[] row)
    {
        json.WriteStartObject();
        for (var c = 0; c < columns.Length; c++)
        {
            switch (row[c])
            {
                case null: json.WriteNull(columns[c]); break;
                case CommandResult inner:
                    json.WritePropertyName(columns[c]);
                    Write(json, inner);
                    break;
                case bool b: json.WriteBoolean(columns[c], b); break;
                case ReadOnlyMemory<byte> bytes when Printers.AsText(bytes.Span) is { } text: json.WriteString(columns[c], text); break;
                case ReadOnlyMemory<byte> bytes: json.WriteBase64String(columns[c] + "_base64", bytes.Span); break;
                case double d: json.WriteNumber(columns[c], d); break;
                case ulong n: json.WriteNumber(columns[c], n); break;
                case IConvertible n when n is long or int: json.WriteNumber(columns[c], n.ToInt64(CultureInfo.InvariantCulture)); break;
                case var other: json.WriteString(columns[c], Printers.Show(other)); break;
            }
        }
        json.WriteEndObject();
    }
}
