using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using KvStore.Client;

namespace KvStore.Bench;

/// <summary>Watchers of one key each and watchers of everything, under a steady rate of puts; each value begins with the time of its put.</summary>
internal sealed class WatchBench(WatchBenchOptions options)
{
    /// <summary>Puts are paced in steps of this length.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(30);
    private readonly LatencyHistogram _single = new();
    private readonly LatencyHistogram _all = new();
    private readonly LatencyHistogram _puts = new();
    private long _measuredFrom = long.MaxValue;
    private long _told;
    private long _written;
    private long _failed;

    public async Task<int> RunAsync(TextWriter output)
    {
        // Watchers and writers do not share a connection, so that the writers' batches do not delay events.
        await using var watching = await KvClient.ConnectAsync(options.Endpoints);
        await using var writing = await KvClient.ConnectAsync(options.Endpoints);
        using var ended = new CancellationTokenSource();
        var watchers = new List<Task>();
        var established = new List<Task>();
        for (var i = 0; i < options.Single; i++) Start(KvRange.Single(KeyOf(i)), _single);
        for (var i = 0; i < options.All; i++) Start(KvRange.All, _all);
        await Task.WhenAll(established);
        var begin = Stopwatch.GetTimestamp();
        Volatile.Write(ref _measuredFrom, begin + (long)(options.WarmUpSeconds * Stopwatch.Frequency));
        await WriteAsync(writing, begin);
        var expected = Expected();
        var drain = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _told) < expected && Stopwatch.GetElapsedTime(drain) < DrainMax && _failed == 0) await Task.Delay(Step);
        await ended.CancelAsync();
        await Task.WhenAll(watchers);
        Print(output, expected);
        return _failed == 0 && _told == expected ? 0 : 1;

        void Start(KvRange range, LatencyHistogram histogram)
        {
            var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            established.Add(begun.Task);
            watchers.Add(WatchAsync(watching, range, histogram, begun, ended.Token));
        }
    }

    private async Task WatchAsync(KvClient client, KvRange range, LatencyHistogram histogram, TaskCompletionSource begun, CancellationToken ended)
    {
        try
        {
            await foreach (var batch in client.WatchAsync(range, new KvWatchOptions { Bookmarks = KvWatchBookmarks.Deliver }, ended))
            {
                begun.TrySetResult();
                var now = Stopwatch.GetTimestamp();
                foreach (var happened in batch.Events)
                {
                    var sent = BinaryPrimitives.ReadInt64LittleEndian(happened.Entry.Value.Memory.Span);
                    if (sent >= Volatile.Read(ref _measuredFrom)) histogram.Record(now - sent);
                }
                Interlocked.Add(ref _told, batch.Events.Count);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // That is how a measurement ends.
            begun.TrySetCanceled(ended);
        }
        catch (KvException e)
        {
            Interlocked.Increment(ref _failed);
            begun.TrySetException(e);
            await Console.Error.WriteLineAsync($"kvbench: {e.Message}");
        }
    }

    private async Task WriteAsync(KvClient client, long begin)
    {
        var puts = new List<Task>();
        var end = TimeSpan.FromSeconds(options.WarmUpSeconds + options.Seconds);
        for (long next = 0; ;)
        {
            var elapsed = Stopwatch.GetElapsedTime(begin);
            if (elapsed >= end) break;
            for (var due = (long)(elapsed.TotalSeconds * options.Rate); next < due; next++) puts.Add(PutAsync(client, (int)(next % Math.Max(1, options.Single))));
            puts.RemoveAll(put => put.IsCompleted);
            await Task.Delay(Step);
        }
        await Task.WhenAll(puts);
    }

    private async Task PutAsync(KvClient client, int key)
    {
        var value = new byte[options.ValueBytes];
        var called = Stopwatch.GetTimestamp();
        BinaryPrimitives.WriteInt64LittleEndian(value, called);
        try
        {
            await client.PutAsync(KeyOf(key), value);
            if (called >= Volatile.Read(ref _measuredFrom)) _puts.Record(Stopwatch.GetTimestamp() - called);
            Interlocked.Increment(ref _written);
        }
        catch (KvException e)
        {
            Interlocked.Increment(ref _failed);
            await Console.Error.WriteLineAsync($"kvbench: {e.Message}");
        }
    }

    private long Expected() => _written * ((options.Single > 0 ? 1 : 0) + options.All);

    /// <summary>Spread over the ranges of the default keyspace of a new cluster by the first letter.</summary>
    private static string KeyOf(int number) => FormattableString.Invariant($"{"bjpv"[number % 4]}watch{number}");

    private void Print(TextWriter output, long expected)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("single", options.Single);
            json.WriteNumber("all", options.All);
            json.WriteNumber("rate", options.Rate);
            json.WriteNumber("written", _written);
            json.WriteNumber("delivered", _told);
            json.WriteNumber("expected", expected);
            json.WriteNumber("put_p50_us", _puts.Microseconds(0.5));
            json.WriteNumber("put_p99_us", _puts.Microseconds(0.99));
            json.WriteNumber("single_p50_us", _single.Microseconds(0.5));
            json.WriteNumber("single_p99_us", _single.Microseconds(0.99));
            json.WriteNumber("all_p50_us", _all.Microseconds(0.5));
            json.WriteNumber("all_p99_us", _all.Microseconds(0.99));
            json.WriteNumber("errors", _failed);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
