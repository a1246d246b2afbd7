using System.CommandLine;
using KvStore.Cli.Output;
using KvStore.Client;

namespace KvStore.Cli.Commands;

internal static class GroupCommand
{
    public static Command Build(CommandBuilder builder)
    {
        var command = CommandBuilder.New("group", "Looks at Raft groups.", "kvctl group list");
        command.Add(builder.Runs(CommandBuilder.New("list", "Shows the groups, who leads them and where their replicas are; a learner has a +.", "kvctl group list"), (_, context, token) => ListAsync(context, token)));
        return command;
    }

    internal static async Task<ExitCode> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        context.Print(Describe(await client.Cluster.MapAsync(cancellationToken).ConfigureAwait(false)));
        return ExitCode.Ok;
    }

    internal static CommandResult Describe(KvClusterMap map) => CommandResult.List(["group", "leader", "term", "nodes", "ranges"], map.Groups.Select(g => new object?[]
    {
        g.Id,
        g.Leader == 0 ? "-" : g.Leader,
        g.Term,
        string.Join(',', g.Replicas.Select(r => r.Kind == KvReplicaKind.Learner ? $"{r.Node}+" : $"{r.Node}")),
        map.Ranges.Count(r => r.Group == g.Id),
    }));
}
