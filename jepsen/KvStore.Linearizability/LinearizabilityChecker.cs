using KvStore.Linearizability.Search;

namespace KvStore.Linearizability;

/// <summary>
/// Decides whether a history of a key-value store is linearizable, and strictly serializable where transactions connect keys. All keys start absent.
/// The search is Wing and Gong's with Lowe's improvement ("Testing for linearizability", 2017), key by key. It runs on the caller's thread.
/// </summary>
public static class LinearizabilityChecker
{
    /// <summary>Checks a history.</summary>
    /// <param name="history">The history.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <param name="cancellation">Ends the check without a result.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static CheckResult Check(History history, CheckOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(history);
        return new CheckRun(history, options ?? new CheckOptions(), cancellation).Run();
    }
}
