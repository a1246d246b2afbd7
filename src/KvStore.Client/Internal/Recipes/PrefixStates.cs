using System.Runtime.CompilerServices;

namespace KvStore.Client.Internal.Recipes;

/// <summary>What stands below a prefix, now and after each change. The prefix lies in one range (<see cref="RecipeNames.Prefix"/>), so each state is one that was.</summary>
internal static class PrefixStates
{
    /// <summary>For ever. States that were replaced quickly may be left out; one may be given twice.</summary>
    public static async IAsyncEnumerable<Dictionary<string, KvEntry>> FollowAsync(KvKeyspace keyspace, string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var watch = keyspace.WatchAsync(KvRange.Prefix(prefix), WatchSteps.FromNow(KvWatchKinds.All), cancellationToken).GetAsyncEnumerator(cancellationToken);
            Dictionary<string, KvEntry>? state = null;
            while (await watch.MovesAsync().ConfigureAwait(false))
            {
                if (state is not null && watch.Current.Events.All(happened => IsIn(state, happened))) continue;
                state = await ReadAsync(keyspace, prefix, cancellationToken).ConfigureAwait(false);
                yield return state;
            }
        }
    }

    /// <summary>All entries by key.</summary>
    public static async Task<Dictionary<string, KvEntry>> ReadAsync(KvKeyspace keyspace, string prefix, CancellationToken cancellationToken)
    {
        var state = new Dictionary<string, KvEntry>(StringComparer.Ordinal);
        await foreach (var entry in keyspace.ScanAsync(KvRange.Prefix(prefix), cancellationToken: cancellationToken).ConfigureAwait(false)) state[entry.KeyText] = entry;
        return state;
    }

    /// <summary>Whether the state was certainly read after the event. Of an old put of a key that has gone since it is not certain, and the state has to be read once more.</summary>
    internal static bool IsIn(Dictionary<string, KvEntry> state, KvWatchEvent happened)
    {
        var there = state.TryGetValue(happened.KeyText, out var entry);
        return happened.Kind == KvWatchEventKind.Put ? there && entry.ModRevision >= happened.Revision : !there || entry.ModRevision > happened.Revision;
    }
}
