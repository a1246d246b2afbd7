using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class ClusterCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var command = CommandBuilder.New("cluster", "Looks at the cluster as a whole.", "kvctl cluster status");
        command.Add(builder.Runs(CommandBuilder.New("status", "Shows every node: whether it serves, what it leads, how large its log is.", "kvctl cluster status -o table"), (_, context, token) => StatusAsync(context, token)));
        command.Add(builder.Runs(CommandBuilder.New("map", "Shows every range: its keys, its group, the leading node.", "kvctl cluster map"), (_, context, token) => MapAsync(context, token)));
        return command;
    }

    /// <summary>Exit code 5 when a node does not serve.</summary>
    internal static async Task<ExitCode> StatusAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var map = await client.Cluster.MapAsync(cancellationToken).ConfigureAwait(false);
        var states = await Task.WhenAll(map.Nodes.Select(n => NodeStates.AskAsync(client, n, cancellationToken))).ConfigureAwait(false);
        context.Print(CommandResult.List(["node", "address", "state", "leads", "replicas", "keys", "wal_bytes", "uptime_s"], states.Select(s => s.Row)));
        return states.All(s => s.Serves) ? ExitCode.Ok : ExitCode.Unavailable;
    }

    internal static async Task<ExitCode> MapAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        context.Print(Describe(await client.Cluster.MapAsync(cancellationToken).ConfigureAwait(false)));
        return ExitCode.Ok;
    }

    internal static CommandResult Describe(KvClusterMap map)
    {
        var leaders = map.Groups.ToDictionary(g => g.Id, g => g.Leader);
        return CommandResult.List(["keyspace", "range", "epoch", "start", "end", "group", "leader"], map.Ranges.Select(r => new object?[]
        {
            r.Keyspace, r.Id, r.Epoch, r.Keys.Start.Memory, r.Keys.End.Memory, r.Group, leaders.GetValueOrDefault(r.Group) is var leader and not 0 ? leader : "-",
        }));
    }
}
