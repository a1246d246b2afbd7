using V1 = KvStore.Protocol.V1;

namespace KvStore.Client.Transactions;

/// <summary>What a transaction did.</summary>
/// <param name="Succeeded">Whether the compares held, so that the operations of <see cref="KvTransaction.Then"/> were carried out.</param>
/// <param name="Revision">The transaction's revision; the range's, when it wrote nothing.</param>
/// <param name="Results">One result for each operation that was carried out, in order.</param>
public sealed record KvTransactionResult(bool Succeeded, ulong Revision, IReadOnlyList<KvOperationResult> Results)
{
    /// <summary>The result of a get at a place of the branch that was taken.</summary>
    /// <exception cref="InvalidOperationException">There is no get at that place.</exception>
    public KvGetResult Get(int index) => At<KvGetResult>(index);

    /// <summary>The result of a put at a place of the branch that was taken.</summary>
    /// <exception cref="InvalidOperationException">There is no put at that place.</exception>
    public KvPutResult Put(int index) => At<KvPutResult>(index);

    /// <summary>The result of a delete at a place of the branch that was taken.</summary>
    /// <exception cref="InvalidOperationException">There is no delete at that place.</exception>
    public KvDeleteResult Delete(int index) => At<KvDeleteResult>(index);

    /// <summary>The result of a nested transaction at a place of the branch that was taken.</summary>
    /// <exception cref="InvalidOperationException">There is none at that place.</exception>
    public KvNestedResult Nested(int index) => At<KvNestedResult>(index);

    internal static KvTransactionResult Parse(byte[] response, ulong revision)
    {
        var message = V1.TransactionResponse.Parser.ParseFrom(response);
        return new KvTransactionResult(message.Succeeded, revision, KvOperationResult.Of(message.Results));
    }

    private T At<T>(int index) where T : KvOperationResult => index >= 0 && index < Results.Count && Results[index] is T result
        ? result
        : throw new InvalidOperationException($"The branch that was taken ({(Succeeded ? "then" : "else")}) has no {typeof(T).Name} at {index}: it has {Results.Count} results.");
}
