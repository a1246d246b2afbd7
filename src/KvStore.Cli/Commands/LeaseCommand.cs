using System.CommandLine;
using System.Text;
using KvStore.Cli.Output;
using KvStore.Client;
using KvStore.Client.Leases;

namespace KvStore.Cli.Commands;

internal static class LeaseCommand
{
    /// <summary>Whether `keep-alive` ends after one renewal.</summary>
    internal enum Renewals
    {
        One,
        UntilInterrupted,
    }

    public static Command Build(CommandBuilder builder)
    {
        var command = CommandBuilder.New("lease", "Works with leases: keys that were put with one are deleted when it ends.", "kvctl put worker/1 here --lease $(kvctl lease grant 30s)");
        command.Add(Grant(builder));
        command.Add(Revoke(builder));
        command.Add(KeepAlive(builder));
        command.Add(TimeToLive(builder));
        command.Add(builder.Runs(CommandBuilder.New("list", "Lists the live leases.", "kvctl lease list"), (_, context, token) => ListAsync(context, token)));
        return command;
    }

    private static Command Grant(CommandBuilder builder)
    {
        var time = new Argument<string>("TTL") { Description = "How long it lasts unless it is kept alive, e.g. 30s, 5m; at least 1s" };
        var near = new Option<string?>("--near") { Description = "Grant it in the group that holds this key", HelpName = "KEY" };
        var command = CommandBuilder.New("grant", "Grants a lease and prints its id.", "kvctl lease grant 30s --near worker/1");
        command.Add(time);
        command.Add(near);
        return builder.Runs(command, (parsed, context, token) => GrantAsync(Durations.Parse(parsed.GetValue(time)!, "TTL"), parsed.GetValue(near), context, token));
    }

    private static Command Revoke(CommandBuilder builder)
    {
        var lease = Id();
        var command = CommandBuilder.New("revoke", "Ends a lease at once; its keys are deleted.", "kvctl lease revoke $(kvctl lease grant 30s)");
        command.Add(lease);
        return builder.Runs(command, (parsed, context, token) => RevokeAsync(LeaseIds.Parse(parsed.GetValue(lease)!), context, token));
    }

    private static Command KeepAlive(CommandBuilder builder)
    {
        var lease = Id();
        var once = new Option<bool>("--once") { Description = "Renew it once and end" };
        var command = CommandBuilder.New("keep-alive", "Renews a lease again and again until it is interrupted or the lease has ended.", "kvctl lease keep-alive $(kvctl lease grant 30s) --once");
        command.Add(lease);
        command.Add(once);
        return builder.Runs(command, (parsed, context, token) => KeepAliveAsync(LeaseIds.Parse(parsed.GetValue(lease)!), parsed.GetValue(once) ? Renewals.One : Renewals.UntilInterrupted, context, token));
    }

    private static Command TimeToLive(CommandBuilder builder)
    {
        var lease = Id();
        var keys = new Option<bool>("--keys") { Description = "List the keys that end with it, too" };
        var command = CommandBuilder.New("ttl", "Shows how long a lease still lasts.", "kvctl lease ttl $(kvctl lease grant 30s) --keys");
        command.Add(lease);
        command.Add(keys);
        return builder.Runs(command, (parsed, context, token) =>
            TimeToLiveAsync(LeaseIds.Parse(parsed.GetValue(lease)!), parsed.GetValue(keys) ? KvLeaseContent.TimesAndKeys : KvLeaseContent.Times, context, token));
    }

    private static Argument<string> Id() => new("LEASE") { Description = "The lease's id, as kvctl lease grant printed it" };

    internal static async Task<ExitCode> GrantAsync(TimeSpan timeToLive, string? near, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var lease = await client.Leases.GrantUnattendedAsync(timeToLive, new KvLeaseOptions { NearKey = near ?? "" }, cancellationToken).ConfigureAwait(false);
        var fields = CommandResult.One(("lease", lease.ToString()), ("ttl_ms", (long)timeToLive.TotalMilliseconds));
        context.Print(new CommandResult { Columns = fields.Columns, Rows = fields.Rows, IsList = false, Text = Encoding.UTF8.GetBytes($"{lease}\n") });
        return ExitCode.Ok;
    }

    internal static async Task<ExitCode> RevokeAsync(KvLeaseId lease, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await client.Leases.RevokeAsync(lease, cancellationToken).ConfigureAwait(false);
        context.Console.Error.WriteLine($"kvctl: lease {lease} is revoked");
        return ExitCode.Ok;
    }

    internal static async Task<ExitCode> KeepAliveAsync(KvLeaseId lease, Renewals renewals, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        while (true)
        {
            await client.Leases.KeepAliveAsync(lease, cancellationToken).ConfigureAwait(false);
            var status = await client.Leases.TimeToLiveAsync(lease, KvLeaseContent.Times, cancellationToken).ConfigureAwait(false);
            context.Print(Describe(status));
            if (renewals == Renewals.One) return ExitCode.Ok;
            await Task.Delay(status.TimeToLive / 3, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // An interrupt is how it ends.
            if (cancellationToken.IsCancellationRequested) return ExitCode.Ok;
        }
    }

    internal static async Task<ExitCode> TimeToLiveAsync(KvLeaseId lease, KvLeaseContent content, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var status = await client.Leases.TimeToLiveAsync(lease, content, cancellationToken).ConfigureAwait(false);
        context.Print(content == KvLeaseContent.Times ? Describe(status) : CommandResult.List(["keyspace", "key"], status.Keys.Select(key => new object?[] { key.Keyspace, key.Key.Memory })));
        return ExitCode.Ok;
    }

    internal static async Task<ExitCode> ListAsync(CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var leases = new List<object?[]>();
        await foreach (var lease in client.Leases.ListAsync(cancellationToken).ConfigureAwait(false)) leases.Add([lease.ToString()]);
        context.Print(CommandResult.List(["lease"], leases));
        return ExitCode.Ok;
    }

    private static CommandResult Describe(KvLeaseStatus status) =>
        CommandResult.One(("lease", status.Id.ToString()), ("ttl_ms", (long)status.TimeToLive.TotalMilliseconds), ("remaining_ms", (long)status.Remaining.TotalMilliseconds));
}
