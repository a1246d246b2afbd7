using System.Text;

namespace KvStore.Cli;

/// <summary>Where a command reads and writes.</summary>
internal sealed class CliConsole(Stream output, TextWriter error, Stream input, Func<string, string?> environment) : IDisposable
{
    /// <summary>Bytes of values go here untouched.</summary>
    public Stream Output => output;

    public TextWriter Error => error;

    public Stream Input => input;

    public string? Environment(string name) => environment(name);

    public static CliConsole OfProcess() => new(Console.OpenStandardOutput(), Console.Error, Console.OpenStandardInput(), System.Environment.GetEnvironmentVariable);

    public void WriteLine(string line) => Write(line + "\n");

    public void Write(string text) => output.Write(Encoding.UTF8.GetBytes(text));

    public void Dispose() => output.Flush();
}
