using System.CommandLine;
using System.Globalization;
using KvStore.Cli.Output;
using KvStore.Client.Locks;

namespace KvStore.Cli.Commands;

internal static class LockCommand
{
    internal sealed record Options(string Name, IReadOnlyList<string> Command, KvLockOptions Lock);

    public static Command Build(CommandBuilder builder)
    {
        var name = new Argument<string>("NAME") { Description = "The lock" };
        var held = new Argument<string[]>("COMMAND") { Description = "After --: runs while the lock is held, with $KVCTL_LOCK and $KVCTL_FENCING_TOKEN", Arity = ArgumentArity.ZeroOrMore };
        var command = CommandBuilder.New("lock", "Holds a lock while a command runs, and returns its exit code; without a command, until it is interrupted. Ends the command when the lock is lost.",
            "kvctl lock backup -- sh -c 'kvctl put backup/last \"$(date)\" --fence backup:$KVCTL_FENCING_TOKEN'");
        command.Add(name);
        command.Add(held);
        var claim = ClaimOptions.On(command);
        command.Add(Describe(builder));
        return builder.Runs(command, (parsed, context, token) => RunAsync(new Options(parsed.GetValue(name)!, parsed.GetValue(held) ?? [], claim.Read(parsed)), context, token));
    }

    private static Command Describe(CommandBuilder builder)
    {
        var name = new Argument<string>("NAME") { Description = "The lock" };
        var command = CommandBuilder.New("describe", "Shows who holds a lock, who waits for it, and for which groups the next one has to wait.", "kvctl lock describe backup");
        command.Add(name);
        return builder.Runs(command, (parsed, context, token) => DescribeAsync(parsed.GetValue(name)!, context, token));
    }

    internal static async Task<ExitCode> RunAsync(Options options, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using var held = await client.Locks.AcquireAsync(options.Name, options.Lock, cancellationToken).ConfigureAwait(false);
        using var mayHold = CancellationTokenSource.CreateLinkedTokenSource(held.Lost, cancellationToken);
        Waiting.Silenced = true;
        var code = options.Command.Count == 0
            ? await HoldAsync(held, context, mayHold.Token).ConfigureAwait(false)
            : (ExitCode)await HeldCommand.RunAsync(options.Command, Variables(held), context.Console, mayHold.Token).ConfigureAwait(false);
        if (!held.Lost.IsCancellationRequested) return code;
        context.Console.Error.WriteLine($"kvctl: lock '{options.Name}' was lost: it could not be renewed, and another one may hold it");
        return code == ExitCode.Ok && options.Command.Count == 0 ? ExitCode.Unavailable : code;
    }

    private static async Task<ExitCode> HoldAsync(KvLock held, CommandContext context, CancellationToken mayHold)
    {
        context.Print(CommandResult.One(("lock", held.Name), ("token", held.FencingToken)));
        await Task.Delay(Timeout.Infinite, mayHold).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Ok;
    }

    private static IEnumerable<(string, string)> Variables(KvLock held) =>
        [("KVCTL_LOCK", held.Name), ("KVCTL_FENCING_TOKEN", held.FencingToken.ToString(CultureInfo.InvariantCulture))];

    internal static async Task<ExitCode> DescribeAsync(string name, CommandContext context, CancellationToken cancellationToken)
    {
        await using var client = await context.ConnectAsync(cancellationToken).ConfigureAwait(false);
        var description = await client.Locks.DescribeAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
        context.Print(CommandResult.One(
            ("lock", name),
            ("holder", description.Holder?.Lease.ToString()),
            ("value", description.Holder?.Value.Memory),
            ("token", description.FencingToken),
            ("waiting", description.WaitingCount),
            ("group", description.Group),
            ("registered_groups", string.Join(',', description.RegisteredGroups)),
            ("pending_groups", string.Join(',', description.PendingGroups))));
        return ExitCode.Ok;
    }
}
