using System.CommandLine;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class DeleteCommand
{
    internal sealed record Options(string Key, KvWriteOptions Write);

    public static Command Build(CommandBuilder builder)
    {
        var key = new Argument<string>("KEY") { Description = "The key" };
        var command = CommandBuilder.New("del", "Deletes a key. Prints the revision of the write. A missing key gives exit code 3.", "kvctl put old 1 && kvctl del old");
        command.Add(key);
        var fence = FenceOption.On(command);
        return builder.Runs(command, (parsed, context, token) => RunAsync(new Options(parsed.GetValue(key)!, new KvWriteOptions { Fence = fence.Read(parsed) }), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var result = await client.DeleteAsync(options.Key, options.Write, cancellationToken).ConfigureAwait(false);
        if (!result.Existed)
        {
            context.Console.Error.WriteLine($"kvctl: no key '{options.Key}'");
            return ExitCode.NotFound;
        }
        context.Print(WriteResults.Revision(result.Revision));
        return ExitCode.Ok;
    }
}
