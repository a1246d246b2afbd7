using System.Diagnostics;

namespace KvStore.Jepsen.Disks;

/// <summary>Runs the system's tools.</summary>
internal static class Shell
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    public static bool Has(string tool) => PathOf(tool) is not null;

    /// <returns>What the tool wrote to its standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; its words are in the message.</exception>
    public static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        var (code, output, error) = await TryAsync(tool, arguments).ConfigureAwait(false);
        return code == 0 ? output : throw new InvalidOperationException($"{tool} {string.Join(' ', arguments)}: exit code {code}: {error.Trim()}");
    }

    public static async Task<(int Code, string Output, string Error)> TryAsync(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(PathOf(tool) ?? throw new InvalidOperationException($"{tool} is not there"), arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{tool} could not be started");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().ConfigureAwait(false);
        return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }

    private static string? PathOf(string tool) => Folders.Select(f => Path.Combine(f, tool)).FirstOrDefault(File.Exists);
}
