namespace KvStore.Client.Internal.Recipes;

/// <summary>Steps of a watch that may begin anew.</summary>
internal static class WatchSteps
{
    /// <summary>One batch as soon as nothing is missed any more, and then what happens.</summary>
    public static KvWatchOptions FromNow(KvWatchKinds kinds) => new() { Bookmarks = KvWatchBookmarks.Deliver, Kinds = kinds };

    /// <returns>False: history that it had still to tell is gone, so that another watch has to begin.</returns>
    public static async Task<bool> MovesAsync(this IAsyncEnumerator<KvWatchBatch> watch)
    {
        try
        {
            return await watch.MoveNextAsync().ConfigureAwait(false);
        }
        catch (KvCompactedException)
        {
            return false;
        }
    }
}
