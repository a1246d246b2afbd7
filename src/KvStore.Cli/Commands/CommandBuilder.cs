using System.CommandLine;

namespace KvStore.Cli.Commands;

/// <summary>What all commands share when they are built: how their work is run and where their options come from.</summary>
internal sealed class CommandBuilder(GlobalOptions globals, CliConsole console)
{
    public CliConsole Console => console;

    public static Command New(string name, string does, string example)
    {
        var command = new Command(name, does);
        Examples.Remember(command, example);
        return command;
    }

    /// <summary>Gives a command its work; <paramref name="run"/> reads the parsed options and does it.</summary>
    public Command Runs(Command command, Func<ParseResult, CommandContext, CancellationToken, Task<ExitCode>> run)
    {
        command.SetAction((parsed, cancellationToken) => Kvctl.GuardAsync(console, () => run(parsed, globals.Read(parsed, console), cancellationToken)));
        return command;
    }
}
