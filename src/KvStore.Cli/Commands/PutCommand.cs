using System.CommandLine;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class PutCommand
{
    internal sealed record Options(string Key, string Value, KvWriteOptions Write);

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var value = new Argument<string>("VALUE") { Description = "The value; - reads it from standard input, to its end" };
        var command = CommandBuilder.New("put", "Sets the value of a key. Prints the revision of the write.", "kvctl put greeting hello");
        var lease = new Option<string?>("--lease") { Description = "The lease with which the key ends, as kvctl lease grant prints it", HelpName = "ID" };
        command.Add(key);
        command.Add(value);
        command.Add(lease);
        var fence = FenceOption.On(command);
        return builder.Runs(command, (parsed, context, token) =>
        {
            var write = new KvWriteOptions { Lease = parsed.GetValue(lease) is { } id ? LeaseIds.Parse(id) : KvLeaseId.None, Fence = fence.Read(parsed) };
            return RunAsync(new Options(parsed.GetValue(key)!, parsed.GetValue(value)!, write), context, token);
        });
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        var value = options.Value == "-" ? await ReadInputAsync(context.Console, cancellationToken).ConfigureAwait(false) : (KvBytes)options.Value;
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = await client.PutAsync(options.Key, value, options.Write, cancellationToken).ConfigureAwait(false);
        context.Print(WriteResults.Revision(result.Revision));
        return ExitCode.Ok;
    }

    private static async Task<KvBytes> ReadInputAsync(CliConsole console, CancellationToken cancellationToken)
    {
        var buffer = new MemoryStream();
        await console.Input.CopyToAsync(buffer, cancellationToken).ConfigureAwait(false);
        return buffer.ToArray();
    }
}
