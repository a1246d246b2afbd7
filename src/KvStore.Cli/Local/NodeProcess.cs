using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KvStore.Cli.Local;

internal enum ProcessState
{
    Stopped,
    Running,
    Paused,
}

/// <summary>The operating system's side of a node: starts it so that it survives the shell, and signals it, but never a process that got its number later.</summary>
internal static class NodeProcess
{
    public const int SignalKill = 9;
    public const int SignalTerminate = 15;
    public const int SignalContinue = 18;
    public const int SignalStop = 19;

    /// <summary>Starts a node in a session of its own, its output appended to its log.</summary>
    public static Process Start(string server, LocalNode node)
    {
        const string Script = """log=$1; shift; if command -v setsid >/dev/null 2>&1; then exec setsid "$@" >>"$log" 2>&1 </dev/null; else exec nohup "$@" >>"$log" 2>&1 </dev/null; fi""";
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])["-c", Script, "sh", node.LogFile, .. ServerBinary.CommandOf(server), "--config", node.ConfigFile]) start.ArgumentList.Add(argument);
        start.Environment.Remove(ServerBinary.Variable);
        return Process.Start(start) ?? throw new CommandException(ExitCode.Error, "the node's process could not be started");
    }

    public static ProcessState StateOf(LocalNode node)
    {
        if (node.ProcessId == 0 || !IsOurs(node)) return ProcessState.Stopped;
        return StatusLetter(node.ProcessId) switch
        {
            'T' or 't' => ProcessState.Paused,
            'Z' or 'X' or null => ProcessState.Stopped,
            _ => ProcessState.Running,
        };
    }

    /// <returns>False when the node's process is gone already.</returns>
    public static bool Signal(LocalNode node, int signal)
    {
        if (StateOf(node) == ProcessState.Stopped) return false;
        if (Signals.Send(node.ProcessId, signal) != 0 && StateOf(node) != ProcessState.Stopped)
            throw new CommandException(ExitCode.Error, $"node {node.NodeId} (process {node.ProcessId}) could not be signalled: error {Marshal.GetLastPInvokeError()}");
        return true;
    }

    /// <summary>Waits until a process that was just told to end holds no port and no file any more.</summary>
    public static async Task<bool> HasEndedAsync(LocalNode node, TimeSpan within)
    {
        var started = Stopwatch.GetTimestamp();
        while (!IsGone(node.ProcessId))
        {
            if (Stopwatch.GetElapsedTime(started) > within) return false;
            await Task.Delay(20).ConfigureAwait(false);
        }
        return true;
    }

    /// <summary>A process that ends loses its command line first, then its threads one by one, its first thread perhaps before the others: the last one closes what they share.</summary>
    private static bool IsGone(int processId)
    {
        try
        {
            return StatusLetter(processId) switch
            {
                null or 'X' => true,
                'Z' => Directory.GetDirectories($"/proc/{processId}/task").Length <= 1,
                _ => false,
            };
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Its command line names the node's configuration file.</summary>
    private static bool IsOurs(LocalNode node)
    {
        try
        {
            return File.ReadAllText($"/proc/{node.ProcessId}/cmdline").Split('\0').Contains(node.ConfigFile);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static char? StatusLetter(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }
}
