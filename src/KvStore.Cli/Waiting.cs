namespace KvStore.Cli;

/// <summary>Nothing keeps a user waiting in silence for more than a second.</summary>
internal static class Waiting
{
    private static readonly TimeSpan NoticeAfter = TimeSpan.FromSeconds(1);

    public static async Task<T> WithNoticeAsync<T>(Task<T> work, CliConsole console)
    {
        if (await Task.WhenAny(work, Task.Delay(NoticeAfter)).ConfigureAwait(false) != work && !Silenced) console.Error.WriteLine("kvctl: still working …");
        return await work.ConfigureAwait(false);
    }

    /// <summary>Set by commands that report progress themselves.</summary>
    public static bool Silenced { get; set; }
}
