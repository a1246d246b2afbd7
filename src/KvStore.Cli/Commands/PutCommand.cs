using System.CommandLine;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class PutCommand
{
    internal sealed record Options(string Key, string Value);

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var value = new Argument<string>("VALUE") { Description = "The value; - reads it from standard input, to its end" };
        var command = CommandBuilder.New("put", "Sets the value of a key. Prints the revision of the write.", "kvctl put greeting hello");
        command.Add(key);
        command.Add(value);
        return builder.Runs(command, (parsed, context, token) => RunAsync(new Options(parsed.GetValue(key)!, parsed.GetValue(value)!), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        var value = options.Value == "-" ? await ReadInputAsync(context.Console, cancellationToken).ConfigureAwait(false) : (KvBytes)options.Value;
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = await client.PutAsync(options.Key, value, cancellationToken: cancellationToken).ConfigureAwait(false);
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
