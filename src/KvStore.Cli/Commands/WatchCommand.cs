using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class WatchCommand
{
    internal sealed record Options(KvRange Range, KvWatchOptions Watch, long Count);

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string?>("KEY") { Description = "The key", Arity = ArgumentArity.ZeroOrOne };
        var prefix = new Option<string?>("--prefix") { Description = "All keys that begin with it; \"\" for all keys", HelpName = "P" };
        var range = new Option<string[]>("--range") { Description = "All keys from A on, before B; \"\" as B: to the last key", HelpName = "A> <B", Arity = new ArgumentArity(2, 2), AllowMultipleArgumentsPerToken = true };
        var from = new Option<ulong>("--from-revision") { Description = "What was written at this revision and later; the keys must lie in one range. Default: from now", HelpName = "R" };
        var previous = new Option<bool>("--prev") { Description = "Print what was there before, too" };
        var noPuts = new Option<bool>("--no-puts") { Description = "Only deletions" };
        var noDeletes = new Option<bool>("--no-deletes") { Description = "Only values that were set" };
        var resume = new Option<string?>("--resume") { Description = "Go on behind a resume token that -o json printed", HelpName = "TOKEN" };
        var count = new Option<long>("--count") { Description = "Stop after N events; 0: never", HelpName = "N" };
        var command = CommandBuilder.New("watch", "Prints what is written, as it comes, until Ctrl-C: revision, put or delete, key and value, separated by tabs. With -o json one object a line.", "kvctl watch --prefix user/ --count 1 --prev");
        command.Add(key);
        foreach (var option in (Option[])[prefix, range, from, previous, noPuts, noDeletes, resume, count]) command.Add(option);
        command.Validators.Add(result =>
        {
            var given = (result.GetValue(key) is not null ? 1 : 0) + (result.GetResult(prefix) is not null ? 1 : 0) + (result.GetResult(range) is not null ? 1 : 0);
            if (given != 1) result.AddError("give one of KEY, --prefix and --range");
            if (result.GetValue(noPuts) && result.GetValue(noDeletes)) result.AddError("--no-puts and --no-deletes leave nothing to watch");
            if (result.GetValue(from) > 0 && result.GetValue(resume) is not null) result.AddError("--from-revision and --resume exclude each other");
            if (result.GetValue(count) < 0) result.AddError("--count must not be negative");
        });
        return builder.Runs(command, (parsed, context, token) =>
        {
            var watch = new KvWatchOptions
            {
                FromRevision = parsed.GetValue(from),
                ResumeFrom = parsed.GetValue(resume) is { } text ? KvResumeToken.Parse(text) : null,
                Previous = parsed.GetValue(previous) ? KvWatchPrevious.Include : KvWatchPrevious.Omit,
                Kinds = (parsed.GetValue(noPuts) ? KvWatchKinds.None : KvWatchKinds.Puts) | (parsed.GetValue(noDeletes) ? KvWatchKinds.None : KvWatchKinds.Deletes),
            };
            var keys = parsed.GetValue(key) is { } one ? KvRange.Single(one)
                : parsed.GetValue(prefix) is { } beginning ? KvRange.Prefix(beginning)
                : new KvRange(parsed.GetValue(range)![0], parsed.GetValue(range)![1]);
            return RunAsync(new Options(keys, watch, parsed.GetValue(count)), context, token);
        });
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        // It waits because nothing happens; there is nothing to say about that.
        Waiting.Silenced = true;
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var left = options.Count > 0 ? options.Count : long.MaxValue;
        try
        {
            await foreach (var batch in client.WatchAsync(options.Range, options.Watch, cancellationToken).ConfigureAwait(false))
            {
                using var lines = new MemoryStream();
                for (var i = 0; i < batch.Events.Count && left > 0; i++, left--)
                {
                    // Only behind the last event of a batch is there a place to resume.
                    var token = i == batch.Events.Count - 1 ? batch.ResumeToken : null;
                    if (context.Format == OutputFormat.Json) WatchPrinter.Json(batch.Events[i], batch.RangeId, token, lines);
                    else WatchPrinter.Text(batch.Events[i], options.Watch.Previous, lines);
                }
                context.Console.Output.Write(lines.GetBuffer().AsSpan(0, (int)lines.Length));
                await context.Console.Output.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (left == 0) return ExitCode.Ok;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
            return ExitCode.Ok;
        }
        return ExitCode.Ok;
    }
}
