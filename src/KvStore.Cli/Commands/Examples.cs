using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace KvStore.Cli.Commands;

/// <summary>Each command's working example, shown at the end of its help.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string> ByCommand = [];

    public static void Remember(Command command, string example) => ByCommand.Add(command, example);

    public static string? Of(Command command) => ByCommand.TryGetValue(command, out var example) ? example : null;

    public static bool IsHelp(ParseResult parsed) => parsed.Action is HelpWithExample;

    /// <summary>Lets the help of all commands end with their example, and that of the root with the exit codes too.</summary>
    public static void ShowInHelp(RootCommand root)
    {
        foreach (var option in root.Options)
            if (option is HelpOption { Action: HelpAction help }) option.Action = new HelpWithExample(help);
    }

    private sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var result = help.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            var command = parseResult.CommandResult.Command;
            if (Of(command) is { } example) output.WriteLine($"Example:\n  {example}\n");
            if (command is RootCommand) output.WriteLine(ExitCodes.Help);
            return result;
        }
    }
}
