using System.CommandLine;

namespace KvStore.Cli.Commands;

internal static class CompletionCommand
{
    internal enum Shell
    {
        Bash,
        Zsh,
        Fish,
    }

    private const string Bash = """
        _kvctl() {
          local line="${COMP_LINE:0:COMP_POINT}"
          mapfile -t COMPREPLY < <(compgen -W "$(kvctl "[suggest:${#line}]" "$line" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}")
        }
        complete -F _kvctl kvctl
        """;

    private const string Zsh = """
        #compdef kvctl
        _kvctl() {
          local line="${BUFFER[1,CURSOR]}"
          local -a found
          found=("${(@f)$(kvctl "[suggest:${#line}]" "$line" 2>/dev/null)}")
          compadd -a found
        }
        compdef _kvctl kvctl
        """;

    private const string Fish = """
        function __kvctl
          set -l line (commandline -cp)
          kvctl "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -f -c kvctl -a '(__kvctl)'
        """;

    public static Command Build(CommandBuilder builder)
    {
        var shell = new Argument<Shell>("SHELL") { HelpName = "bash|zsh|fish", Description = "Your shell" };
        var command = CommandBuilder.New("completion", "Prints a script that completes kvctl's commands and options.", "source <(kvctl completion bash)");
        command.Add(shell);
        return builder.Runs(command, (parsed, context, _) =>
        {
            context.Console.WriteLine(Script(parsed.GetValue(shell)));
            return Task.FromResult(ExitCode.Ok);
        });
    }

    internal static string Script(Shell shell) => shell switch
    {
        Shell.Zsh => Zsh,
        Shell.Fish => Fish,
        _ => Bash,
    };
}
