namespace KvStore.Jepsen.Workloads;

/// <summary>Reads at the end of a run, when the cluster is whole: repeated until there is an answer.</summary>
internal static class FinalReads
{
    private const int AttemptsMax = 12;

    /// <returns>Whether there was an answer at last.</returns>
    public static async Task<bool> RepeatAsync(Func<Task<bool>> read)
    {
        for (var i = 0; i < AttemptsMax; i++)
            if (await read().ConfigureAwait(false)) return true;
        return false;
    }

    public static async Task<bool> AllAsync(IEnumerable<string> keys, Func<string, Task<bool>> read)
    {
        foreach (var key in keys)
            if (!await RepeatAsync(() => read(key)).ConfigureAwait(false)) return false;
        return true;
    }
}
