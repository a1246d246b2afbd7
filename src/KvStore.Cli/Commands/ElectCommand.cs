using System.CommandLine;
using System.Text;
using KvStore.Cli.Output;
using KvStore.Client.Elections;
using KvStore.Client.Locks;

namespace KvStore.Cli.Commands;

internal static class ElectCommand
{
    internal sealed record Options(string Name, string Value, KvLockOptions Lock);

    public static Command Build(CommandBuilder builder)
    {
        var name = Name();
        var value = new Argument<string>("VALUE") { Description = "What observers see of the leader, such as its address" };
        var command = CommandBuilder.New("elect", "Campaigns in an election, and leads until it is interrupted. Prints the fencing token when elected.", "kvctl elect scheduler 10.0.0.7:8080");
        command.Add(name);
        command.Add(value);
        var claim = ClaimOptions.On(command);
        command.Add(Leader(builder));
        command.Add(Observe(builder));
        return builder.Runs(command, (parsed, context, token) => RunAsync(new Options(parsed.GetValue(name)!, parsed.GetValue(value)!, claim.Read(parsed)), context, token));
    }

    private static Command Leader(CommandBuilder builder)
    {
        var name = Name();
        var command = CommandBuilder.New("leader", "Prints what the leader says of itself. Exit code 3 when nobody leads.", "kvctl elect leader scheduler");
        command.Add(name);
        return builder.Runs(command, (parsed, context, token) => LeaderAsync(parsed.GetValue(name)!, context, token));
    }

    private static Command Observe(CommandBuilder builder)
    {
        var name = Name();
        var command = CommandBuilder.New("observe", "Prints the leader now and after each change, until it is interrupted; an empty line when there is none.", "kvctl elect observe scheduler");
        command.Add(name);
        return builder.Runs(command, (parsed, context, token) => ObserveAsync(parsed.GetValue(name)!, context, token));
    }

    private static Argument<string> Name() => new("NAME") { Description = "The election" };

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using var leadership = await client.Elections.CampaignAsync(options.Name, options.Value, options.Lock, cancellationToken).ConfigureAwait(false);
        context.Print(CommandResult.One(("election", leadership.Name), ("token", leadership.FencingToken)));
        using var mayLead = CancellationTokenSource.CreateLinkedTokenSource(leadership.Lost, cancellationToken);
        Waiting.Silenced = true;
        await Task.Delay(Timeout.Infinite, mayLead.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!leadership.Lost.IsCancellationRequested) return ExitCode.Ok;
        context.Console.Error.WriteLine($"kvctl: the leadership of '{options.Name}' was lost: it could not be renewed, and another one may lead");
        return ExitCode.Unavailable;
    }

    internal static async Task<ExitCode> LeaderAsync(string name, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        if (await client.Elections.LeaderAsync(name, cancellationToken).ConfigureAwait(false) is not { } leader)
        {
            context.Console.Error.WriteLine($"kvctl: nobody leads '{name}'");
            return ExitCode.NotFound;
        }
        context.Print(Show(leader));
        return ExitCode.Ok;
    }

    internal static async Task<ExitCode> ObserveAsync(string name, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        Waiting.Silenced = true;
        try
        {
            await foreach (var leader in client.Elections.ObserveAsync(name, cancellationToken).ConfigureAwait(false)) context.Print(Show(leader));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // An interrupt is how it ends.
        }
        return ExitCode.Ok;
    }

    private static CommandResult Show(KvLeader? leader)
    {
        var fields = CommandResult.One(("value", leader?.Value.Memory), ("token", leader?.FencingToken), ("lease", leader?.Lease.ToString()));
        return new CommandResult { Columns = fields.Columns, Rows = fields.Rows, IsList = false, Text = Encoding.UTF8.GetBytes($"{(leader is null ? "" : Printers.Show(leader.Value.Memory))}\n") };
    }
}
