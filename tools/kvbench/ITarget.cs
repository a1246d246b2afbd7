namespace KvStore.Bench;

/// <summary>What a load is put on.</summary>
internal interface ITarget : IAsyncDisposable
{
    /// <summary>Operations that one call counts for.</summary>
    int OperationsPerCall { get; }

    /// <summary>One call of the load.</summary>
    /// <param name="caller">Number of the caller, so that a target can spread its callers over connections.</param>
    /// <param name="index">Number of the key.</param>
    ValueTask CallAsync(int caller, int index);

    /// <summary>Writes one key before the measurement.</summary>
    ValueTask FillAsync(int caller, int index);
}
