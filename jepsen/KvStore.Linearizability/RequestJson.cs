using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>The member <c>in</c>, by kind of operation.</summary>
internal static class RequestJson
{
    public static Operation Parse(OperationKind kind, int client, string key, long call, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        switch (kind)
        {
            case OperationKind.Get:
                JsonShape.Null(ref reader, "\"in\" of a get");
                return Operation.Get(client, key, call);
            case OperationKind.Delete:
                JsonShape.Null(ref reader, "\"in\" of a delete");
                return Operation.Delete(client, key, call);
            case OperationKind.Put:
                return Operation.Put(client, key, JsonShape.Present(ref reader, "\"in\" of a put"), call);
            case OperationKind.Append:
                return Operation.Append(client, key, JsonShape.Text(ref reader, "\"in\" of an append"), call);
            case OperationKind.CompareAndSwap:
                JsonShape.Array(ref reader, "\"in\" of a cas");
                var expected = JsonShape.NextValue(ref reader, "\"in\" of a cas");
                var replacement = JsonShape.NextValue(ref reader, "\"in\" of a cas");
                JsonShape.End(ref reader, "\"in\" of a cas, which is [expected, new],");
                return Operation.CompareAndSwap(client, key, expected, replacement, call);
            default:
                return Operation.Transact(client, ParseTransaction(ref reader), call);
        }
    }

    private static Transaction ParseTransaction(ref Utf8JsonReader reader)
    {
        const string what = "\"in\" of a txn";
        List<KeyComparison>? conditions = null;
        List<TransactionStep>? then = null, otherwise = null;
        JsonShape.Object(ref reader, what);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (conditions is null && reader.ValueTextEquals("if"u8)) conditions = Conditions(ref reader);
            else if (then is null && reader.ValueTextEquals("then"u8)) then = Steps(ref reader, "\"then\"");
            else if (otherwise is null && reader.ValueTextEquals("else"u8)) otherwise = Steps(ref reader, "\"else\"");
            else throw new OperationSyntaxException($"{what} holds \"{reader.GetString()}\" twice or for nothing: expected if, then, else");
        }
        if (conditions is null || then is null || otherwise is null) throw new OperationSyntaxException($"{what} needs if, then and else");
        return new Transaction(conditions, then, otherwise);
    }

    private static List<KeyComparison> Conditions(ref Utf8JsonReader reader)
    {
        const string what = "a condition of a txn";
        var conditions = new List<KeyComparison>();
        reader.Read();
        JsonShape.Array(ref reader, "\"if\" of a txn");
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            JsonShape.Array(ref reader, what);
            conditions.Add(new KeyComparison(JsonShape.NextText(ref reader, what), JsonShape.NextValue(ref reader, what)));
            JsonShape.End(ref reader, what);
        }
        return conditions;
    }

    private static List<TransactionStep> Steps(ref Utf8JsonReader reader, string branch)
    {
        var what = $"a step in {branch} of a txn";
        var steps = new List<TransactionStep>();
        reader.Read();
        JsonShape.Array(ref reader, $"{branch} of a txn");
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            JsonShape.Array(ref reader, what);
            var kind = JsonShape.NextText(ref reader, what);
            var key = JsonShape.NextText(ref reader, what);
            steps.Add(kind switch
            {
                "get" => TransactionStep.Get(key),
                "put" => TransactionStep.Put(key, JsonShape.NextPresent(ref reader, what)),
                "delete" => TransactionStep.Delete(key),
                _ => throw new OperationSyntaxException($"{what} is {Value.Of(kind)}: expected get, put or delete"),
            });
            JsonShape.End(ref reader, what);
        }
        return steps;
    }
}
