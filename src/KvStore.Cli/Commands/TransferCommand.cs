using System.CommandLine;

namespace KvStore.Cli.Commands;

internal static class TransferCommand
{
    internal sealed record Options(ulong Group, ulong Node);

    public static Command Build(CommandBuilder builder)
    {
        var group = new Argument<ulong>("GROUP") { Description = "The group's number, as kvctl group list shows it" };
        var node = new Argument<ulong>("NODE") { Description = "The node that is to lead" };
        var command = CommandBuilder.New("transfer", "Asks a group's leader to hand its leadership to another node.", "kvctl transfer 1 2");
        command.Add(group);
        command.Add(node);
        return builder.Runs(command, (parsed, context, token) => RunAsync(new Options(parsed.GetValue(group), parsed.GetValue(node)), context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await client.Cluster.TransferLeadershipAsync(options.Group, options.Node, cancellationToken).ConfigureAwait(false);
        context.Console.Error.WriteLine($"kvctl: group {options.Group} was asked to let node {options.Node} lead");
        return ExitCode.Ok;
    }
}
