using System.Globalization;
using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Runs;

/// <summary>One line a second while the load runs.</summary>
internal static class Progress
{
    public static async Task ShowAsync(Recorder recorder, FaultLog faults, TextWriter output, CancellationToken stop)
    {
        var before = 0L;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            var done = recorder.Count(Outcome.Completed);
            var fault = faults.Now();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{recorder.Now / 1_000_000_000,4} s  {done,8} done {recorder.Count(Outcome.Failed),6} failed {recorder.Count(Outcome.Unknown),5} unknown  {done - before,6}/s  {fault}").TrimEnd());
            before = done;
        }
    }
}
