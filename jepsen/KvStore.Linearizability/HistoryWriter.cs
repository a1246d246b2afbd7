using System.Text.Json;

namespace KvStore.Linearizability;

/// <summary>Writes operations as JSON lines, as <see cref="History.Read(string)"/> reads them. Not safe for several threads at once. It leaves the stream open.</summary>
public sealed class HistoryWriter(Stream stream) : IDisposable
{
    private static readonly JsonWriterOptions Options = new() { SkipValidation = false };

    private readonly Utf8JsonWriter _json = new(stream, Options);

    public void Write(Operation operation)
    {
        _json.WriteStartObject();
        _json.WriteNumber("client"u8, operation.Client);
        _json.WriteString("key"u8, operation.Key);
        _json.WriteString("op"u8, Name(operation.Kind));
        _json.WritePropertyName("in"u8);
        WriteRequest(operation);
        _json.WritePropertyName("out"u8);
        WriteReply(operation);
        _json.WriteNumber("call"u8, operation.Call);
        if (operation.Return is { } at) _json.WriteNumber("return"u8, at);
        else _json.WriteNull("return"u8);
        if (operation.Outcome is Outcome.Unknown) _json.WriteString("ok"u8, "info"u8);
        else _json.WriteBoolean("ok"u8, operation.Outcome is Outcome.Completed);
        _json.WriteEndObject();
        _json.Flush();
        stream.WriteByte((byte)'\n');
        _json.Reset();
    }

    public void Dispose() => _json.Dispose();

    private static string Name(OperationKind kind) => kind switch
    {
        OperationKind.Get => "get",
        OperationKind.Put => "put",
        OperationKind.Delete => "delete",
        OperationKind.CompareAndSwap => "cas",
        OperationKind.Append => "append",
        _ => "txn",
    };

    private void WriteRequest(Operation operation)
    {
        switch (operation.Kind)
        {
            case OperationKind.Get or OperationKind.Delete:
                _json.WriteNullValue();
                break;
            case OperationKind.CompareAndSwap:
                _json.WriteStartArray();
                WriteValue(operation.Expected);
                WriteValue(operation.Argument);
                _json.WriteEndArray();
                break;
            case OperationKind.Transaction:
                WriteTransaction(operation.Transaction!);
                break;
            default:
                WriteValue(operation.Argument);
                break;
        }
    }

    private void WriteTransaction(Transaction transaction)
    {
        _json.WriteStartObject();
        _json.WriteStartArray("if"u8);
        foreach (var comparison in transaction.If)
        {
            _json.WriteStartArray();
            _json.WriteStringValue(comparison.Key);
            WriteValue(comparison.Expected);
            _json.WriteEndArray();
        }
        _json.WriteEndArray();
        WriteSteps("then", transaction.Then);
        WriteSteps("else", transaction.Else);
        _json.WriteEndObject();
    }

    private void WriteSteps(string name, IReadOnlyList<TransactionStep> steps)
    {
        _json.WriteStartArray(name);
        foreach (var step in steps)
        {
            _json.WriteStartArray();
            _json.WriteStringValue(Name(step.Kind));
            _json.WriteStringValue(step.Key);
            if (step.Kind is OperationKind.Put) WriteValue(step.Argument);
            _json.WriteEndArray();
        }
        _json.WriteEndArray();
    }

    private void WriteReply(Operation operation)
    {
        if (operation.Outcome is not Outcome.Completed) _json.WriteNullValue();
        else if (operation.Kind is OperationKind.Get) WriteValue(operation.Result);
        else if (operation.Kind is OperationKind.Transaction) WriteResult(operation.TransactionResult!);
        else WriteAnswer(operation.Answer);
    }

    private void WriteResult(TransactionResult result)
    {
        _json.WriteStartObject();
        _json.WriteBoolean("taken"u8, result.Taken is TransactionBranch.Then);
        _json.WriteStartArray("res"u8);
        foreach (var step in result.Results)
        {
            if (step.Answer is Answer.None) WriteValue(step.Value);
            else WriteAnswer(step.Answer);
        }
        _json.WriteEndArray();
        _json.WriteEndObject();
    }

    private void WriteAnswer(Answer answer)
    {
        if (answer is Answer.None) _json.WriteNullValue();
        else _json.WriteBooleanValue(answer is Answer.Swapped or Answer.Existed);
    }

    private void WriteValue(Value value)
    {
        if (value.IsAbsent) _json.WriteNullValue();
        else if (value.IsInteger) _json.WriteNumberValue(value.Integer);
        else _json.WriteStringValue(value.Text);
    }
}
