using System.CommandLine;
using System.Text;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class ScanCommand
{
    internal sealed record Options(KvRange Range, KvScanOptions Scan, ScanOutput Output);

    internal enum ScanOutput
    {
        Entries,
        Count,
    }

    public static Command Build(CommandBuilder builder)
    {
        var prefix = new Argument<string?>("PREFIX") { Description = "Only keys that begin with it", Arity = ArgumentArity.ZeroOrOne };
        var start = new Option<string?>("--start") { Description = "The first key", HelpName = "KEY" };
        var end = new Option<string?>("--end") { Description = "The key before which to stop", HelpName = "KEY" };
        var limit = new Option<long>("--limit") { Description = "Stop after N keys; 0: all", HelpName = "N" };
        var keysOnly = new Option<bool>("--keys-only") { Description = "Keys without values" };
        var count = new Option<bool>("--count") { Description = "Only the number of keys" };
        var reverse = new Option<bool>("--reverse") { Description = "From the last key to the first" };
        var flags = new ReadFlags();
        var command = CommandBuilder.New("scan", "Prints keys and values in key order, separated by a tab.", "kvctl scan user/ --limit 10");
        command.Add(prefix);
        foreach (var option in (Option[])[start, end, limit, keysOnly, count, reverse]) command.Add(option);
        flags.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(prefix) is not null && (result.GetValue(start) is not null || result.GetValue(end) is not null)) result.AddError("PREFIX excludes --start and --end");
            if (result.GetValue(limit) < 0) result.AddError("--limit must not be negative");
        });
        return builder.Runs(command, (parsed, context, token) =>
        {
            var (consistency, staleness) = flags.Read(parsed);
            var scan = new KvScanOptions
            {
                Consistency = consistency,
                MaxStaleness = staleness,
                Limit = parsed.GetValue(limit),
                Content = parsed.GetValue(keysOnly) ? KvScanContent.KeysOnly : KvScanContent.KeysAndValues,
                Order = parsed.GetValue(reverse) ? KvScanOrder.Descending : KvScanOrder.Ascending,
            };
            var range = parsed.GetValue(prefix) is { Length: > 0 } p ? KvRange.Prefix(p) : new KvRange(parsed.GetValue(start) ?? "", parsed.GetValue(end) ?? "");
            return RunAsync(new Options(range, scan, parsed.GetValue(count) ? ScanOutput.Count : ScanOutput.Entries), context, token);
        });
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        if (options.Output == ScanOutput.Count)
        {
            var count = await client.CountAsync(options.Range, options.Scan, cancellationToken).ConfigureAwait(false);
            context.Print(new CommandResult { Columns = ["count"], Rows = [[count]], IsList = false, Text = Encoding.UTF8.GetBytes($"{count}\n") });
            return ExitCode.Ok;
        }
        var entries = client.ScanAsync(options.Range, options.Scan, cancellationToken);
        if (context.Format == OutputFormat.Text) await StreamAsync(entries, options.Scan.Content, context.Console).ConfigureAwait(false);
        else context.Print(await CollectAsync(entries, options.Scan.Content).ConfigureAwait(false));
        return ExitCode.Ok;
    }

    private static async Task StreamAsync(IAsyncEnumerable<KvEntry> entries, KvScanContent content, CliConsole console)
    {
        var buffered = new BufferedStream(console.Output, 1 << 16);
        await foreach (var entry in entries.ConfigureAwait(false))
        {
            buffered.Write(entry.Key.Memory.Span);
            if (content == KvScanContent.KeysAndValues)
            {
                buffered.WriteByte((byte)'\t');
                buffered.Write(entry.Value.Memory.Span);
            }
            buffered.WriteByte((byte)'\n');
        }
        await buffered.FlushAsync().ConfigureAwait(false);
    }

    private static async Task<CommandResult> CollectAsync(IAsyncEnumerable<KvEntry> entries, KvScanContent content)
    {
        var rows = new List<object?[]>();
        await foreach (var entry in entries.ConfigureAwait(false))
            rows.Add(content == KvScanContent.KeysAndValues ? [entry.Key.Memory, entry.Value.Memory, entry.ModRevision, entry.Version] : [entry.Key.Memory, entry.ModRevision, entry.Version]);
        return CommandResult.List(content == KvScanContent.KeysAndValues ? ["key", "value", "mod_revision", "version"] : ["key", "mod_revision", "version"], rows);
    }
}
