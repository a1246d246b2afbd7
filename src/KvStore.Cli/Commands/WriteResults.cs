using System.Text;
using KvStore.Cli.Output;

namespace KvStore.Cli.Commands;

/// <summary>What all writes print: `revision N`.</summary>
internal static class WriteResults
{
    public static CommandResult Revision(ulong revision, params (string Name, object? Value)[] more)
    {
        var fields = CommandResult.One([.. more, ("revision", revision)]);
        return new CommandResult { Columns = fields.Columns, Rows = fields.Rows, IsList = false, Text = Encoding.UTF8.GetBytes($"revision {revision}\n") };
    }
}
