using System.Globalization;
using System.Text;

namespace KvStore.Cli.Output;

/// <summary>Chooses the printer.</summary>
internal static class Printers
{
    public static void Print(CommandResult result, OutputFormat format, CliConsole console)
    {
        switch (format)
        {
            case OutputFormat.Json: JsonPrinter.Print(result, console); break;
            case OutputFormat.Table: TablePrinter.Print(result, console); break;
            default: TextPrinter.Print(result, console); break;
        }
    }

    /// <summary>A field as one piece of text. Bytes that are no UTF-8 are shown as 0x….</summary>
    public static string Show(object? value) => value switch
    {
        null => "",
        bool b => b ? "yes" : "no",
        ReadOnlyMemory<byte> bytes => AsText(bytes.Span) ?? $"0x{Convert.ToHexStringLower(bytes.Span)}",
        CommandResult inner => string.Join("; ", inner.Rows.Select(row => string.Join(' ', row.Select(Show)))),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    public static string? AsText(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : null;
}
