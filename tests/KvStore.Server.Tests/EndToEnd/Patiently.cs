using System.Diagnostics;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>Waits that end by what is waited for. The limit is there for a product that does not work.</summary>
internal static class Patiently
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task FiredAsync(CancellationToken fired)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = fired.Register(done.SetResult);
        await done.Task.WaitAsync(Limit, CancellationToken.None);
    }

    public static Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(() => Task.FromResult(isSo()), what);

    public static async Task UntilAsync(Func<Task<bool>> isSoAsync, string what)
    {
        var begin = Stopwatch.GetTimestamp();
        while (!await isSoAsync())
        {
            if (Stopwatch.GetElapsedTime(begin) > Limit) throw new TimeoutException($"still not so: {what}");
            await Task.Yield();
        }
    }
}
