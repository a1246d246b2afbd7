using System.ComponentModel;
using System.Diagnostics;

namespace KvStore.Cli;

/// <summary>A command that runs while something is held, and that is ended when it is no longer: by SIGTERM, and by SIGKILL when that does not help. It has kvctl's own input and output.</summary>
internal static class HeldCommand
{
    private static readonly TimeSpan TerminationTime = TimeSpan.FromSeconds(5);
    /// <summary>As shells have it.</summary>
    private const int CannotRun = 126, NotFound = 127;

    /// <summary>Its exit code; 128 + the signal for one that a signal ended.</summary>
    /// <param name="command">Program and arguments.</param>
    /// <param name="variables">Added to its environment.</param>
    /// <param name="console">For what has to be said.</param>
    /// <param name="mayRun">Cancelled when it has to end.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> command, IEnumerable<(string Name, string Value)> variables, CliConsole console, CancellationToken mayRun)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { UseShellExecute = false };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (Win32Exception e)
        {
            console.Error.WriteLine($"kvctl: {command[0]}: {e.Message}");
            return e.NativeErrorCode == 2 ? NotFound : CannotRun;
        }
        using (process)
        {
            await process!.WaitForExitAsync(mayRun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited) await EndAsync(process).ConfigureAwait(false);
            return process.ExitCode;
        }
    }

    private static async Task EndAsync(Process process)
    {
        // It may have ended meanwhile; then there is nobody to signal.
        _ = Signals.Send(process.Id, Signals.Terminate);
        using var patience = new CancellationTokenSource(TerminationTime);
        await process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (process.HasExited) return;
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
    }
}
