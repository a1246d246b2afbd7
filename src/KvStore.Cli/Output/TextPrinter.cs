using System.Text;

namespace KvStore.Cli.Output;

/// <summary>Columns padded with blanks, for eyes and for awk; or the command's own text.</summary>
internal static class TextPrinter
{
    public static void Print(CommandResult result, CliConsole console)
    {
        if (result.Text is { } text)
        {
            console.Output.Write(text.Span);
            return;
        }
        var cells = result.Rows.Select(r => r.Select(Printers.Show).ToArray()).Prepend(result.Columns.Select(c => c.ToUpperInvariant()).ToArray()).ToList();
        var widths = Enumerable.Range(0, result.Columns.Length).Select(c => cells.Max(r => r[c].Length)).ToArray();
        var lines = new StringBuilder();
        foreach (var row in cells)
        {
            var line = string.Join("  ", row.Select((cell, c) => cell.PadRight(widths[c]))).TrimEnd();
            lines.Append(line).Append('\n');
        }
        console.Write(lines.ToString());
    }
}
