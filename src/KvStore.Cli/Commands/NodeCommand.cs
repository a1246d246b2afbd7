using System.CommandLine;
using KvStore.Cli.Output;

namespace KvStore.Cli.Commands;

internal static class NodeCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var command = CommandBuilder.New("node", "Looks at nodes.", "kvctl node list");
        command.Add(builder.Runs(CommandBuilder.New("list", "Shows the nodes of the cluster map, without asking each.", "kvctl node list -o json"), (_, context, token) => ListAsync(context, token)));
        return command;
    }

    internal static async Task<ExitCode> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var map = await client.Cluster.MapAsync(cancellationToken).ConfigureAwait(false);
        context.Print(CommandResult.List(["node", "client_address", "peer_address", "zone"], map.Nodes.Select(n => new object?[] { n.Id, n.ClientAddress, n.PeerAddress, n.Zone })));
        return ExitCode.Ok;
    }
}
