namespace KvStore.Cli;

/// <summary>Ends a command with one line for the user and an exit code.</summary>
internal sealed class CommandException(ExitCode code, string message) : Exception(message)
{
    public ExitCode Code => code;
}
