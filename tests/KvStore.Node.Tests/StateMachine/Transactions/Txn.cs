using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine.Transactions;

/// <summary>Short names for the parts of transactions.</summary>
internal static class Txn
{
    public static Command Command(Transaction transaction) => new() { Transaction = transaction };

    public static Transaction Of(params TransactionOperation[] success) => new() { Success = { success } };

    public static Transaction If(Compare compare, TransactionOperation[] then, TransactionOperation[] otherwise) => new() { Compares = { compare }, Success = { then }, Failure = { otherwise } };

    public static TransactionOperation Put(string key, string value) => new() { Put = new TransactionPut { Key = Bytes(key), Value = Bytes(value) } };

    public static TransactionOperation Get(string key) => new() { Get = new TransactionGet { Key = Bytes(key) } };

    public static TransactionOperation GetAll(string start, string end, uint limit = 0, bool descending = false) =>
        new() { Get = new TransactionGet { Key = Bytes(start), End = Bytes(end), Limit = limit, Descending = descending } };

    public static TransactionOperation Delete(string key) => new() { Delete = new TransactionDelete { Key = Bytes(key) } };

    public static TransactionOperation DeleteAll(string start, string end) => new() { Delete = new TransactionDelete { Key = Bytes(start), End = Bytes(end), ReturnPrevious = true } };

    public static TransactionOperation Nested(Transaction transaction) => new() { Transaction = transaction };

    public static Compare Value(string key, CompareRelation relation, string value) => new() { Key = Bytes(key), Relation = relation, Value = Bytes(value) };

    public static Compare Exists(string key, bool exists = true) => new() { Key = Bytes(key), Exists = exists };

    public static Compare Over(this Compare compare, string end)
    {
        compare.End = Bytes(end);
        return compare;
    }

    public static TransactionResponse Response(this CommandResult result)
    {
        Assert.Equal(CommandStatus.Ok, result.Status);
        return TransactionResponse.Parser.ParseFrom(result.Response);
    }

    public static string Refusal(this CommandResult result)
    {
        Assert.NotEqual(CommandStatus.Ok, result.Status);
        return System.Text.Encoding.UTF8.GetString(result.Response!);
    }

    /// <summary>Keys and values, or what else there is to say of the result.</summary>
    public static string Text(this TransactionResult result) => result.ResultCase switch
    {
        TransactionResult.ResultOneofCase.Get => string.Join(' ', result.Get.Kvs.Select(Text)) + (result.Get.More ? " more" : ""),
        TransactionResult.ResultOneofCase.Put => result.Put.Previous is { } previous ? "was " + Text(previous) : "put",
        TransactionResult.ResultOneofCase.Delete => string.Join(' ', [$"{result.Delete.Deleted}", .. result.Delete.Previous.Select(Text)]),
        _ => $"{(result.Transaction.Succeeded ? "then" : "else")}({Texts(result.Transaction)})",
    };

    public static string Texts(this TransactionResponse response) => string.Join("; ", response.Results.Select(Text));

    private static string Text(KeyValue kv) => $"{kv.Key.ToStringUtf8()}={kv.Value.ToStringUtf8()}@{kv.ModRevision}";
}
