using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class GetCommand
{
    internal sealed record Options(string Key, KvReadOptions Read, ValueEnding Ending);

    /// <summary>What follows the value in the text format.</summary>
    internal enum ValueEnding
    {
        NewLine,
        Nothing,
    }

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var flags = new ReadFlags();
        var raw = new Option<bool>("--raw") { Description = "No newline after the value" };
        var revision = new Option<ulong>("--revision") { Description = "The value as it was at this revision", HelpName = "N" };
        var command = CommandBuilder.New("get", "Prints the value of a key and nothing else. A missing key gives exit code 3.", "kvctl put greeting hello && kvctl get greeting --quorum");
        command.Add(key);
        flags.AddTo(command);
        command.Add(raw);
        command.Add(revision);
        return builder.Runs(command, (parsed, context, token) =>
        {
            var (consistency, staleness) = flags.Read(parsed);
            var read = new KvReadOptions { Consistency = consistency, MaxStaleness = staleness, Revision = parsed.GetValue(revision) };
            return RunAsync(new Options(parsed.GetValue(key)!, read, parsed.GetValue(raw) ? ValueEnding.Nothing : ValueEnding.NewLine), context, token);
        });
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        if (await client.GetAsync(options.Key, options.Read, cancellationToken).ConfigureAwait(false) is not { } entry)
        {
            context.Console.Error.WriteLine($"kvctl: no key '{options.Key}'");
            return ExitCode.NotFound;
        }
        context.Print(Describe(entry, options.Ending));
        return ExitCode.Ok;
    }

    internal static CommandResult Describe(KvEntry entry, ValueEnding ending)
    {
        var result = CommandResult.One(("key", entry.Key.Memory), ("value", entry.Value.Memory), ("create_revision", entry.CreateRevision), ("mod_revision", entry.ModRevision), ("version", entry.Version));
        byte[] text = ending == ValueEnding.NewLine ? [.. entry.Value.Memory.Span, (byte)'\n'] : entry.Value.Memory.ToArray();
        return new CommandResult { Columns = result.Columns, Rows = result.Rows, IsList = false, Text = text };
    }
}
