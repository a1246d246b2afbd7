using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Grpc.Core;
using KvStore.Client;
using KvStore.Client.Internal.Leases;
using KvStore.Client.Leases;

namespace KvStore.Bench;

/// <summary>Many leases with a key each that end together, and the puts of others before and while they do.</summary>
internal sealed class LeaseBench(LeaseBenchOptions options)
{
    private const int GrantsAtOnce = 256;
    /// <summary>The limit of one keep-alive request.</summary>
    private const int RenewedAtOnce = 1000;
    private static readonly TimeSpan LeftMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    /// <summary>In the four ranges of the default keyspace of a new cluster.</summary>
    private static readonly string[] Letters = ["b", "j", "p", "v"];
    private readonly KvLeaseId[] _leases = new KvLeaseId[options.Leases];
    private readonly PutPhase _before = new();
    private readonly PutPhase _during = new();
    private int _granted;
    private PutPhase? _phase;
    private long _failed;

    private string[] Used => options.Groups == LeaseGroups.One ? Letters[..1] : Letters;

    public async Task<int> RunAsync(TextWriter output)
    {
        // Those who put do not share a connection with those who renew and look.
        await using var owning = await KvClient.ConnectAsync(options.Endpoints);
        await using var putting = await KvClient.ConnectAsync(options.Endpoints);
        var began = Stopwatch.GetTimestamp();
        await GrantAllAsync(owning);
        var grantSeconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var renewing = Stopwatch.GetTimestamp();
        await RenewAsync(owning, options.Leases);
        var renewed = Stopwatch.GetTimestamp();
        // The first deadline: not before the first renewal was sent.
        var first = TimeSpan.FromSeconds(options.TimeToLiveSeconds) - Stopwatch.GetElapsedTime(renewing, renewed);
        using var over = new CancellationTokenSource();
        using var standstill = new Standstill();
        await Task.Delay(first - TimeSpan.FromSeconds(options.BeforeSeconds));
        standstill.TakeMilliseconds();
        _before.Begin();
        _phase = _before;
        var callers = Enumerable.Range(0, options.Callers).Select(number => PutAsync(putting, number, over.Token)).ToList();
        await Task.Delay(Max(TimeSpan.Zero, first - Stopwatch.GetElapsedTime(renewed)));
        _before.OwnStandstillMilliseconds = standstill.TakeMilliseconds();
        _during.Begin();
        Volatile.Write(ref _phase, _during);
        var due = Stopwatch.GetTimestamp();
        var gone = await GoneAsync(owning);
        var ended = Stopwatch.GetElapsedTime(due);
        _during.OwnStandstillMilliseconds = standstill.TakeMilliseconds();
        await over.CancelAsync();
        await Task.WhenAll(callers);
        Print(output, grantSeconds, Stopwatch.GetElapsedTime(renewing, renewed), ended);
        return gone && _failed == 0 ? 0 : 1;
    }

    private async Task GrantAllAsync(KvClient client)
    {
        using var all = new CancellationTokenSource();
        var keeping = KeepAsync(client, all.Token);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, GrantsAtOnce).Select(async _ =>
        {
            for (int number; (number = Interlocked.Increment(ref next)) < options.Leases;)
            {
                var key = KeyOf(number);
                var lease = await client.Leases.GrantUnattendedAsync(TimeSpan.FromSeconds(options.TimeToLiveSeconds), new KvLeaseOptions { NearKey = key });
                await client.PutAsync(key, "held", new KvWriteOptions { Lease = lease });
                lock (_leases) _leases[_granted++] = lease;
            }
        }));
        await all.CancelAsync();
        await keeping;
    }

    /// <summary>Until the last lease is there, none of them may end.</summary>
    private async Task KeepAsync(KvClient client, CancellationToken all)
    {
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(options.TimeToLiveSeconds / 4), all).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (all.IsCancellationRequested) return;
            int count;
            lock (_leases) count = _granted;
            await RenewAsync(client, count);
        }
    }

    private async Task RenewAsync(KvClient client, int count)
    {
        var calls = new LeaseCalls(client);
        KvLeaseId[] leases;
        lock (_leases) leases = _leases[..count];
        // All at once, so that their deadlines lie together.
        await Task.WhenAll(leases.GroupBy(LeaseCalls.GroupOf).SelectMany(owned => owned.Chunk(RenewedAtOnce), async (owned, part) =>
        {
            using var stream = new LeaseStream(calls.ClientTo(calls.AddressFor(owned.Key, 0)).KeepAlive(new CallOptions()));
            var answer = await stream.RenewAsync(part.Select(lease => lease.Value), CancellationToken.None);
            if (answer.Renewed.Count != part.Length) throw new KvUnavailableException($"of {part.Length} leases {answer.Renewed.Count} were renewed and {answer.Ended.Count} had ended: {answer.Error?.Message}");
        }));
    }

    private async Task PutAsync(KvClient client, int number, CancellationToken over)
    {
        var key = $"{Used[number % Used.Length]}-put-{number}";
        while (!over.IsCancellationRequested)
        {
            var called = Stopwatch.GetTimestamp();
            try
            {
                await client.PutAsync(key, "value", cancellationToken: CancellationToken.None);
                Volatile.Read(ref _phase)!.Answered(called);
            }
            catch (KvException e)
            {
                Interlocked.Increment(ref _failed);
                await Console.Error.WriteLineAsync($"kvbench: {e.Message}");
            }
        }
    }

    private async Task<bool> GoneAsync(KvClient client)
    {
        var began = Stopwatch.GetTimestamp();
        foreach (var letter in Used)
        {
            while (await client.ScanAsync(KvRange.Prefix($"{letter}-lease-"), new KvScanOptions { Limit = 1, Content = KvScanContent.KeysOnly }).AnyAsync())
            {
                if (Stopwatch.GetElapsedTime(began) > LeftMax) return false;
                await Task.Delay(Look);
            }
        }
        return true;
    }

    private string KeyOf(int number) => FormattableString.Invariant($"{Used[number % Used.Length]}-lease-{number}");

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Print(TextWriter output, double grantSeconds, TimeSpan renewal, TimeSpan ended)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("leases", options.Leases);
            json.WriteString("groups", options.Groups == LeaseGroups.One ? "one" : "all");
            json.WriteNumber("grants_a_second", Math.Round(options.Leases / grantSeconds));
            json.WriteNumber("deadlines_within_ms", Math.Round(renewal.TotalMilliseconds));
            json.WriteNumber("ended_after_ms", Math.Round(ended.TotalMilliseconds));
            Write(json, "before", _before);
            Write(json, "during", _during);
            json.WriteNumber("errors", _failed);
            json.WriteEndObject();
        }
        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, string name, PutPhase phase)
    {
        json.WriteStartObject(name);
        json.WriteNumber("puts", phase.Count);
        json.WriteNumber("p50_us", phase.P50Microseconds);
        json.WriteNumber("p99_us", phase.P99Microseconds);
        json.WriteNumber("longest_ms", phase.LongestMilliseconds);
        json.WriteNumber("stall_ms", phase.StallMilliseconds);
        json.WriteNumber("own_standstill_ms", phase.OwnStandstillMilliseconds);
        json.WriteEndObject();
    }
}
