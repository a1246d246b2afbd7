using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>The member <c>out</c> of a completed operation, by kind.</summary>
internal static class ReplyJson
{
    public static Operation Parse(Operation operation, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        switch (operation.Kind)
        {
            case OperationKind.Get:
                return operation with { Result = JsonShape.Value(ref reader, "\"out\" of a get") };
            case OperationKind.CompareAndSwap:
                return operation with { Answer = JsonShape.Boolean(ref reader, "\"out\" of a completed cas") ? Answer.Swapped : Answer.Mismatched };
            case OperationKind.Delete:
                return operation with { Answer = Deleted(ref reader, "\"out\" of a delete") };
            case OperationKind.Transaction:
                return operation with { TransactionResult = ParseTransaction(ref reader, operation.Transaction!) };
            default:
                JsonShape.Null(ref reader, "\"out\" of a put or append");
                return operation;
        }
    }

    private static TransactionResult ParseTransaction(ref Utf8JsonReader reader, Transaction transaction)
    {
        const string what = "\"out\" of a completed txn";
        bool? taken = null;
        Utf8JsonReader results = default;
        var found = false;
        JsonShape.Object(ref reader, what);
        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            if (taken is null && reader.ValueTextEquals("taken"u8))
            {
                reader.Read();
                taken = JsonShape.Boolean(ref reader, "\"taken\" of a txn");
            }
            else if (!found && reader.ValueTextEquals("res"u8))
            {
                reader.Read();
                JsonShape.Array(ref reader, "\"res\" of a txn");
                results = reader;
                found = true;
                reader.Skip();
            }
            else
            {
                throw new OperationSyntaxException($"{what} holds \"{reader.GetString()}\" twice or for nothing: expected taken, res");
            }
        }
        if (taken is null || !found) throw new OperationSyntaxException($"{what} needs taken and res");
        var branch = taken.Value ? TransactionBranch.Then : TransactionBranch.Else;
        return new TransactionResult(branch, Results(ref results, taken.Value ? transaction.Then : transaction.Else));
    }

    private static List<StepResult> Results(ref Utf8JsonReader reader, IReadOnlyList<TransactionStep> steps)
    {
        var results = new List<StepResult>(steps.Count);
        while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
        {
            if (results.Count == steps.Count) throw new OperationSyntaxException($"\"res\" has more entries than the {steps.Count} steps taken");
            results.Add(Result(ref reader, steps[results.Count].Kind));
        }
        if (results.Count < steps.Count) throw new OperationSyntaxException($"\"res\" has {results.Count} entries for {steps.Count} steps taken");
        return results;
    }

    private static StepResult Result(ref Utf8JsonReader reader, OperationKind kind)
    {
        switch (kind)
        {
            case OperationKind.Get:
                return new StepResult(JsonShape.Value(ref reader, "the result of a get in a txn"));
            case OperationKind.Delete:
                return new StepResult(Value.Absent, Deleted(ref reader, "the result of a delete in a txn"));
            default:
                JsonShape.Null(ref reader, "the result of a put in a txn");
                return default;
        }
    }

    private static Answer Deleted(ref Utf8JsonReader reader, string what) =>
        reader.TokenType is JsonTokenType.Null ? Answer.None : JsonShape.Boolean(ref reader, what) ? Answer.Existed : Answer.Missing;
}
