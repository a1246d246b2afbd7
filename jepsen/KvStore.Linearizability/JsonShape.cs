using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>Expectations on the token under a reader; each failure says what stands there and what should.</summary>
internal static class JsonShape
{
    public static void Null(ref Utf8JsonReader reader, string what) => Expect(ref reader, JsonTokenType.Null, what, "null");

    public static void Array(ref Utf8JsonReader reader, string what) => Expect(ref reader, JsonTokenType.StartArray, what, "an array");

    public static void Object(ref Utf8JsonReader reader, string what) => Expect(ref reader, JsonTokenType.StartObject, what, "an object");

    public static void End(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        if (reader.TokenType is not JsonTokenType.EndArray) throw new OperationSyntaxException($"{what} has too many entries");
    }

    public static bool Boolean(ref Utf8JsonReader reader, string what) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Wrong(ref reader, what, "true or false"),
    };

    public static string Text(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.String, what, "a string");
        return reader.GetString()!;
    }

    public static string NextText(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return Text(ref reader, what);
    }

    public static Value Value(ref Utf8JsonReader reader, string what) => reader.TokenType switch
    {
        JsonTokenType.Null => Linearizability.Value.Absent,
        JsonTokenType.String => reader.GetString(),
        JsonTokenType.Number when reader.TryGetInt64(out var integer) => integer,
        _ => throw Wrong(ref reader, what, "a string, a 64-bit integer or null"),
    };

    public static Value NextValue(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return Value(ref reader, what);
    }

    public static Value Present(ref Utf8JsonReader reader, string what) =>
        Value(ref reader, what) is { IsAbsent: false } value ? value : throw Wrong(ref reader, what, "a string or an integer");

    public static Value NextPresent(ref Utf8JsonReader reader, string what)
    {
        reader.Read();
        return Present(ref reader, what);
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type, string what, string name)
    {
        if (reader.TokenType != type) throw Wrong(ref reader, what, name);
    }

    private static OperationSyntaxException Wrong(ref Utf8JsonReader reader, string what, string name) =>
        new($"{what} must be {name}, not {reader.TokenType switch
        {
            JsonTokenType.Null => "null",
            JsonTokenType.True => "true",
            JsonTokenType.False => "false",
            JsonTokenType.String => "a string",
            JsonTokenType.Number => "a number",
            JsonTokenType.StartArray => "an array",
            JsonTokenType.StartObject => "an object",
            _ => "the end of the list",
        }}");
}
