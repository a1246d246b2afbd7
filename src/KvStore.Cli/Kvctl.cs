using System.CommandLine;
using KvStore.Cli.Commands;
using KvStore.Client;

namespace KvStore.Cli;

/// <summary>The program: its commands, and what becomes of their errors.</summary>
internal static class Kvctl
{
    /// <summary>What a command may take after an interrupt: to end what it runs under a lock and to give up the lock.</summary>
    private static readonly TimeSpan TerminationTime = TimeSpan.FromSeconds(20);

    public static async Task<int> RunAsync(string[] args, CliConsole console)
    {
        var parsed = Build(console).Parse(args);
        if (parsed.Errors.Count > 0 && !Examples.IsHelp(parsed))
        {
            foreach (var error in parsed.Errors) console.Error.WriteLine($"kvctl: {error.Message}");
            console.Error.WriteLine($"Try: {CommandLine(parsed)} --help");
            return (int)ExitCode.Usage;
        }
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TerminationTime, Output = new StreamWriter(console.Output) { AutoFlush = true }, Error = console.Error }).ConfigureAwait(false);
    }

    public static RootCommand Build(CliConsole console)
    {
        var root = new RootCommand("Works with a KvStore cluster.");
        Examples.Remember(root, "kvctl put greeting hello && kvctl get greeting");
        Examples.ShowInHelp(root);
        var globals = new GlobalOptions();
        globals.AddTo(root);
        var builder = new CommandBuilder(globals, console);
        root.Add(GetCommand.Build(builder));
        root.Add(PutCommand.Build(builder));
        root.Add(DeleteCommand.Build(builder));
        root.Add(SwapCommand.Build(builder));
        root.Add(IncrementCommand.Build(builder));
        root.Add(ScanCommand.Build(builder));
        root.Add(TransactionCommand.Build(builder));
        root.Add(WatchCommand.Build(builder));
        root.Add(LeaseCommand.Build(builder));
        root.Add(LockCommand.Build(builder));
        root.Add(ElectCommand.Build(builder));
        root.Add(ClusterCommand.Build(builder));
        root.Add(NodeCommand.Build(builder));
        root.Add(GroupCommand.Build(builder));
        root.Add(TransferCommand.Build(builder));
        root.Add(BenchCommand.Build(builder));
        root.Add(LocalCommand.Build(builder));
        root.Add(CompletionCommand.Build(builder));
        return root;
    }

    /// <summary>Runs a command's work and turns its errors into one line and an exit code.</summary>
    public static async Task<int> GuardAsync(CliConsole console, Func<Task<ExitCode>> work)
    {
        try
        {
            return (int)await Waiting.WithNoticeAsync(work(), console).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KvException or CommandException or IOException or UnauthorizedAccessException)
        {
            console.Error.WriteLine($"kvctl: {e.Message}");
            return (int)ExitCodes.Of(e);
        }
        catch (OperationCanceledException)
        {
            console.Error.WriteLine("kvctl: interrupted");
            return (int)ExitCode.Error;
        }
    }

    private static string CommandLine(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult command; at = at.Parent) names.Insert(0, command.Command is RootCommand ? "kvctl" : command.Command.Name);
        return string.Join(' ', names);
    }
}
