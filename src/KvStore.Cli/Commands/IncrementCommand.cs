using System.CommandLine;
using System.Text;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class IncrementCommand
{
    internal sealed record Options(string Key, long Delta, KvWriteOptions Write);

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var delta = new Argument<long>("DELTA") { Description = "What to add; may be negative", DefaultValueFactory = _ => 1 };
        var command = CommandBuilder.New("incr", "Adds to a number, which counts from 0 if there is none. Prints the new number.", "kvctl incr visits 5");
        command.Add(key);
        command.Add(delta);
        var fence = FenceOption.On(command);
        return builder.Runs(command, (parsed, context, token) =>
            RunAsync(new Options(parsed.GetValue(key)!, parsed.GetValue(delta), new KvWriteOptions { Fence = fence.Read(parsed) }), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = await client.IncrementAsync(options.Key, options.Delta, options.Write, cancellationToken).ConfigureAwait(false);
        var fields = CommandResult.One(("value", result.Value), ("revision", result.Revision));
        context.Print(new CommandResult { Columns = fields.Columns, Rows = fields.Rows, IsList = false, Text = Encoding.UTF8.GetBytes($"{result.Value}\n") });
        return ExitCode.Ok;
    }
}
