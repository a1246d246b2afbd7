using System.Text;
using Spectre.Console;

namespace KvStore.Cli.Output;

/// <summary>A table with borders.</summary>
internal static class TablePrinter
{
    public static void Print(CommandResult result, CliConsole console)
    {
        var table = new Table().RoundedBorder();
        foreach (var column in result.Columns) table.AddColumn(new TableColumn(new Text(column)));
        foreach (var row in result.Rows) table.AddRow(row.Select(cell => (Spectre.Console.Rendering.IRenderable)new Text(Printers.Show(cell))).ToArray());
        var text = new StringWriter();
        var ansi = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(text) });
        ansi.Profile.Width = 200;
        ansi.Write(table);
        console.Output.Write(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
