using System.Text;
using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>One line of a history file to an operation. Members come in any order, so that the request and the answer are parsed after the kind is known.</summary>
internal static class OperationJson
{
    [Flags]
    private enum Members
    {
        None = 0,
        Client = 1,
        Key = 2,
        Op = 4,
        In = 8,
        Out = 16,
        Call = 32,
        Return = 64,
        Ok = 128,
        All = 255,
    }

    private static readonly (string Name, Members Member)[] Names =
    [
        ("client", Members.Client), ("key", Members.Key), ("op", Members.Op), ("in", Members.In),
        ("out", Members.Out), ("call", Members.Call), ("return", Members.Return), ("ok", Members.Ok),
    ];

    /// <exception cref="JsonException">Not JSON.</exception>
    /// <exception cref="OperationSyntaxException">JSON, but no operation.</exception>
    public static Operation Parse(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read() || reader.TokenType is not JsonTokenType.StartObject) throw new OperationSyntaxException("expected a JSON object");
        var (client, key, kind, call, outcome) = (0, "", default(OperationKind), 0L, default(Outcome));
        long? returned = null;
        Range request = default, reply = default;
        var seen = Members.None;
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var member = MemberAt(ref reader);
            if ((seen & member) != 0) throw new OperationSyntaxException($"member \"{NameOf(member)}\" stands there twice");
            seen |= member;
            reader.Read();
            switch (member)
            {
                case Members.Client: client = Client(ref reader); break;
                case Members.Key: key = Text(ref reader, "key"); break;
                case Members.Op: kind = Kind(Text(ref reader, "op")); break;
                case Members.In: request = Extent(ref reader); break;
                case Members.Out: reply = Extent(ref reader); break;
                case Members.Call: call = Time(ref reader, "call"); break;
                case Members.Return: returned = reader.TokenType is JsonTokenType.Null ? null : Time(ref reader, "return"); break;
                case Members.Ok: outcome = OutcomeAt(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        // Reads past the object: anything but white space there is a JsonException.
        reader.Read();
        if (seen != Members.All) throw new OperationSyntaxException($"member \"{NameOf(Members.All & ~seen)}\" is missing");
        var operation = RequestJson.Parse(kind, client, key, call, line[request]) with { Return = returned, Outcome = outcome };
        return outcome is Outcome.Completed ? ReplyJson.Parse(operation, line[reply]) : operation;
    }

    private static Members MemberAt(ref Utf8JsonReader reader)
    {
        foreach (var (name, member) in Names)
        {
            if (reader.ValueTextEquals(name)) return member;
        }
        return Members.None;
    }

    private static string NameOf(Members members) => Names.First(n => (n.Member & members) != 0).Name;

    private static Range Extent(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return start..(int)reader.BytesConsumed;
    }

    private static int Client(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.Number && reader.TryGetInt32(out var client) ? client : throw Expected(ref reader, "client", "a 32-bit integer");

    private static string Text(ref Utf8JsonReader reader, string member) =>
        reader.TokenType is JsonTokenType.String ? reader.GetString()! : throw Expected(ref reader, member, "a string");

    private static long Time(ref Utf8JsonReader reader, string member) =>
        reader.TokenType is JsonTokenType.Number && reader.TryGetInt64(out var time) ? time : throw Expected(ref reader, member, "a 64-bit integer (nanoseconds)");

    private static OperationKind Kind(string name) => name switch
    {
        "get" => OperationKind.Get,
        "put" => OperationKind.Put,
        "delete" => OperationKind.Delete,
        "cas" => OperationKind.CompareAndSwap,
        "append" => OperationKind.Append,
        "txn" => OperationKind.Transaction,
        _ => throw new OperationSyntaxException($"unknown op {Value.Of(name)}: expected get, put, delete, cas, append or txn"),
    };

    private static Outcome OutcomeAt(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => Outcome.Completed,
        JsonTokenType.False => Outcome.Failed,
        JsonTokenType.String when reader.ValueTextEquals("info"u8) => Outcome.Unknown,
        _ => throw Expected(ref reader, "ok", "true, false or \"info\""),
    };

    private static OperationSyntaxException Expected(ref Utf8JsonReader reader, string member, string what) =>
        new($"member \"{member}\" must be {what}, not {Found(ref reader)}");

    private static string Found(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.StartObject ? "an object"
        : reader.TokenType is JsonTokenType.StartArray ? "an array"
        : Encoding.UTF8.GetString(reader.ValueSpan) is { Length: <= 40 } text ? text : "something longer";
}
