using System.CommandLine;
using System.Diagnostics;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class BenchCommand
{
    internal enum Load
    {
        Put,
        Get,
    }

    internal sealed record Options(Load Load, int Operations, int Callers, int Keys, int KeyBytes, int ValueBytes, KvTransport Transport);

    public static Command Build(CommandBuilder builder)
    {
        var load = new Argument<Load>("LOAD") { HelpName = "put|get", Description = "What to measure", DefaultValueFactory = _ => Load.Put };
        var operations = Number("--operations", "How many operations", 100_000, 1, 1_000_000_000);
        var callers = Number("--callers", "How many of them at once", 64, 1, 100_000);
        var keys = Number("--keys", "Different keys", 10_000, 1, 100_000_000);
        var keyBytes = Number("--key-bytes", "Length of a key", 16, 8, 4096);
        var valueBytes = Number("--value-bytes", "Length of a value", 100, 0, 1 << 20);
        var transport = new Option<KvTransport>("--transport") { Description = "session (batched stream) or unary calls", HelpName = "session|unary", DefaultValueFactory = _ => KvTransport.Session };
        var command = CommandBuilder.New("bench", "Measures operations a second and their latency. Writes keys like bench0, jench1, pench2, vench3: one for each range of a new cluster.", "kvctl bench put --operations 10000 --callers 64");
        command.Add(load);
        foreach (var option in (Option[])[operations, callers, keys, keyBytes, valueBytes, transport]) command.Add(option);
        return builder.Runs(command, (parsed, context, token) => RunAsync(
            new Options(parsed.GetValue(load), parsed.GetValue(operations), parsed.GetValue(callers), parsed.GetValue(keys), parsed.GetValue(keyBytes), parsed.GetValue(valueBytes), parsed.GetValue(transport)), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken, options.Transport).ConfigureAwait(false);
        var keys = Enumerable.Range(0, options.Keys).Select(i => Key(i, options.KeyBytes)).ToArray();
        if (options.Load == Load.Get) await FillAsync(client, keys, options, cancellationToken).ConfigureAwait(false);
        var latencies = new long[options.Operations];
        var next = -1;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, options.Callers).Select(_ => CallAsync())).ConfigureAwait(false);
        context.Print(Describe(options, latencies, Stopwatch.GetElapsedTime(started)));
        return ExitCode.Ok;

        async Task CallAsync()
        {
            var value = new byte[options.ValueBytes];
            for (int i; (i = Interlocked.Increment(ref next)) < options.Operations;)
            {
                var begin = Stopwatch.GetTimestamp();
                if (options.Load == Load.Put) await client.PutAsync(keys[i % keys.Length], value, cancellationToken: cancellationToken).ConfigureAwait(false);
                else await client.GetAsync(keys[i % keys.Length], cancellationToken: cancellationToken).ConfigureAwait(false);
                latencies[i] = Stopwatch.GetTimestamp() - begin;
            }
        }
    }

    internal static CommandResult Describe(Options options, long[] latencies, TimeSpan elapsed)
    {
        Array.Sort(latencies);
        return CommandResult.List(["load", "operations", "callers", "seconds", "operations_per_second", "p50_us", "p99_us", "max_us"],
        [
            [
                options.Load.ToString().ToLowerInvariant(), latencies.Length, options.Callers, Math.Round(elapsed.TotalSeconds, 3), (long)(latencies.Length / elapsed.TotalSeconds),
                Microseconds(latencies[latencies.Length / 2]), Microseconds(latencies[(int)(latencies.Length * 0.99)]), Microseconds(latencies[^1]),
            ],
        ]);
    }

    private static long Microseconds(long ticks) => (long)(ticks * 1e6 / Stopwatch.Frequency);

    private static async Task FillAsync(KvClient client, KvBytes[] keys, Options options, CancellationToken cancellationToken)
    {
        var value = new byte[options.ValueBytes];
        foreach (var chunk in keys.Take(options.Operations).Chunk(1024))
            await Task.WhenAll(chunk.Select(key => client.PutAsync(key, value, cancellationToken: cancellationToken).AsTask())).ConfigureAwait(false);
    }

    /// <summary>Spread over the ranges of the default keyspace of a new cluster by the first letter.</summary>
    private static KvBytes Key(int number, int length)
    {
        var name = FormattableString.Invariant($"{"bjpv"[number % 4]}ench{number}");
        return name.Length >= length ? name : name.PadRight(length, '_');
    }

    private static Option<int> Number(string name, string description, int byDefault, int min, int max)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => byDefault };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < min || value > max)) result.AddError($"{name} is {value}; it must be between {min} and {max}");
        });
        return option;
    }
}
