using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KvStore.Client;

namespace KvStore.Cli.Output;

/// <summary>Events of a watch, a line each.</summary>
internal static class WatchPrinter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Revision, kind, key, value and, if asked for, the value before; separated by tabs, bytes as they are.</summary>
    public static void Text(KvWatchEvent happened, KvWatchPrevious previous, Stream output)
    {
        output.Write(Encoding.UTF8.GetBytes($"{happened.Revision}\t{Kind(happened)}\t"));
        output.Write(happened.Entry.Key.Memory.Span);
        output.WriteByte((byte)'\t');
        output.Write(happened.Entry.Value.Memory.Span);
        if (previous == KvWatchPrevious.Include)
        {
            output.WriteByte((byte)'\t');
            if (happened.Previous is { } before) output.Write(before.Value.Memory.Span);
        }
        output.WriteByte((byte)'\n');
    }

    /// <summary>One object and a newline. Bytes that are no UTF-8 become base64 under the field's name with `_base64`.</summary>
    public static void Json(KvWatchEvent happened, ulong range, KvResumeToken? token, Stream output)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("range", range);
            json.WriteNumber("revision", happened.Revision);
            json.WriteString("event", Kind(happened));
            Bytes(json, "key", happened.Entry.Key);
            if (happened.Kind == KvWatchEventKind.Put)
            {
                Bytes(json, "value", happened.Entry.Value);
                json.WriteNumber("create_revision", happened.Entry.CreateRevision);
                json.WriteNumber("version", happened.Entry.Version);
            }
            if (happened.Previous is { } before)
            {
                Bytes(json, "previous_value", before.Value);
                json.WriteNumber("previous_mod_revision", before.ModRevision);
            }
            if (token is not null) json.WriteString("resume", token.ToString());
            json.WriteEndObject();
        }
        output.WriteByte((byte)'\n');
    }

    private static string Kind(KvWatchEvent happened) => happened.Kind == KvWatchEventKind.Put ? "put" : "delete";

    private static void Bytes(Utf8JsonWriter json, string name, KvBytes bytes)
    {
        if (Printers.AsText(bytes.Memory.Span) is { } text) json.WriteString(name, text);
        else json.WriteBase64String(name + "_base64", bytes.Memory.Span);
    }
}
