using System.Text.Json.Nodes;
using KvStore.Client.Transactions;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>Transactions, carried out and recorded as the checker reads them.</summary>
internal static class TransactionOperations
{
    private const string Op = "txn";

    /// <summary>What the gets of the branch that was taken found, in order; null when there was no answer.</summary>
    public static async Task<(bool Succeeded, IReadOnlyList<string?> Found)?> CallAsync(Actor actor, Transaction transaction)
    {
        KvTransactionResult? answer = null;
        await actor.WriteAsync("", Op, Request(transaction), async client =>
        {
            answer = await client.Transaction().When(transaction.If.Select(Compare)).Then(transaction.Then.Select(Operation)).Else(transaction.Else.Select(Operation)).CommitAsync().ConfigureAwait(false);
            return new JsonObject { ["taken"] = answer.Succeeded, ["res"] = new JsonArray([.. answer.Results.Select(Result)]) };
        }).ConfigureAwait(false);
        return answer is null ? null : (answer.Succeeded, [.. answer.Results.OfType<KvGetResult>().Select(get => get.Entry?.ValueText)]);
    }

    private static KvCompare Compare(KeyComparison comparison) =>
        comparison.Expected.IsAbsent ? KvCompare.Missing(comparison.Key) : KvCompare.Value(comparison.Key).EqualTo(comparison.Expected.Text);

    private static KvOperation Operation(TransactionStep step) => step.Kind == OperationKind.Get ? KvOperation.Get(step.Key) : KvOperation.Put(step.Key, step.Argument.Text);

    private static JsonNode? Result(KvOperationResult result) => result is KvGetResult { Entry: { } found } ? JsonValue.Create(found.ValueText) : null;

    private static JsonObject Request(Transaction transaction) => new()
    {
        ["if"] = new JsonArray([.. transaction.If.Select(c => new JsonArray(c.Key, c.Expected.IsAbsent ? null : c.Expected.Text))]),
        ["then"] = new JsonArray([.. transaction.Then.Select(Step)]),
        ["else"] = new JsonArray([.. transaction.Else.Select(Step)]),
    };

    private static JsonNode Step(TransactionStep step) => step.Kind == OperationKind.Get ? new JsonArray("get", step.Key) : new JsonArray("put", step.Key, step.Argument.Text);
}
