using System.Text;

namespace KvStore.Cli.Tests;

/// <summary>One invocation of kvctl inside the test process.</summary>
internal sealed record CliRun(int ExitCode, byte[] OutputBytes, string Error)
{
    /// <summary>Said after a second: by a busy machine, too.</summary>
    private const string Notice = "kvctl: still working …\n";

    public string Output => Encoding.UTF8.GetString(OutputBytes);

    public static async Task<CliRun> OfAsync(string[] args, string? endpoints = null, string input = "", Dictionary<string, string>? environment = null)
    {
        var output = new MemoryStream();
        var error = new StringWriter();
        using var console = new CliConsole(output, error, new MemoryStream(Encoding.UTF8.GetBytes(input)), name => name == "KVCTL_ENDPOINTS" ? endpoints : environment?.GetValueOrDefault(name));
        var code = await Kvctl.RunAsync(args, console);
        return new CliRun(code, output.ToArray(), error.ToString().Replace(Notice, "", StringComparison.Ordinal));
    }
}
