using System.Text;
using KvStore.Cli.Output;

namespace KvStore.Cli.Tests;

public sealed class PrinterTests
{
    private static readonly CommandResult List = CommandResult.List(["name", "size", "up", "note"], [["a", 1UL, true, null], ["long name", 20UL, false, (ReadOnlyMemory<byte>)new byte[] { 0xFF, 0 }]]);

    [Fact]
    public void Text_is_columns() => Assert.Equal("NAME       SIZE  UP   NOTE\na          1     yes\nlong name  20    no   0xff00\n", Print(List, OutputFormat.Text));

    [Fact]
    public void Json_of_many_things_is_an_array() => Assert.Equal(
        """[{"name":"a","size":1,"up":true,"note":null},{"name":"longname","size":20,"up":false,"note_base64":"/wA="}]""",
        Print(List, OutputFormat.Json).Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));

    [Fact]
    public void Json_of_one_thing_is_an_object() => Assert.Equal("{\"v\":\"é\\\"\"}", Print(CommandResult.One(("v", (ReadOnlyMemory<byte>)"é\""u8.ToArray())), OutputFormat.Json).Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal));

    [Fact]
    public void A_table_shows_markup_characters_as_they_are() => Assert.Contains("[red]", Print(CommandResult.One(("v", "[red]")), OutputFormat.Table), StringComparison.Ordinal);

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("2s", 2)]
    [InlineData("1.5m", 90)]
    [InlineData("24h", 86_400)]
    public void Times_are_understood(string text, double seconds) => Assert.Equal(seconds, Durations.Parse(text, "--timeout").TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("0s")]
    [InlineData("-1s")]
    [InlineData("s")]
    [InlineData("25h")]
    public void Other_times_are_refused(string text) => Assert.Contains("--timeout", Assert.Throws<CommandException>(() => Durations.Parse(text, "--timeout")).Message, StringComparison.Ordinal);

    private static string Print(CommandResult result, OutputFormat format)
    {
        var output = new MemoryStream();
        using var console = new CliConsole(output, TextWriter.Null, Stream.Null, _ => null);
        Printers.Print(result, format, console);
        return Encoding.UTF8.GetString(output.ToArray());
    }
}
