using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KvStore.Jepsen.Processes;

/// <summary>One node as a child process; its output goes to a file.</summary>
internal sealed class NodeProcess(int id, string server, string configuration, string log, NodePorts ports, ProcessGuard guard)
{
    private const int SignalContinue = 18;
    private const int SignalStop = 19;
    private const int WaitForProcess = 1;
    // Until it has stopped or ended, and without taking the news from whoever waits for its end.
    private const int StoppedExitedNotTaken = 0x2 | 0x4 | 0x0100_0000;
    private const int ErrorInterrupted = 4;
    private const int SignalInfoBytes = 128;
    private Process? _process;
    private readonly List<int> _unexplained = [];
    private bool _killed;

    public int Id => id;
    public NodePorts Ports => ports;
    public string ConfigurationFile => configuration;
    /// <summary>While it runs.</summary>
    public int ProcessId => _process!.Id;
    public bool IsRunning => _process is { HasExited: false };
    public bool IsPaused { get; private set; }
    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    /// <summary>Exit codes of every time that it ended although nobody killed it and no fault explains it, the present one included.</summary>
    public IReadOnlyList<int> UnexplainedEnds => EndedByItself ? [.. _unexplained, _process!.ExitCode] : _unexplained;

    /// <summary>It is down now, nobody killed it, and no fault explains its end.</summary>
    public bool EndedByItself => !_killed && _process is { HasExited: true };

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public void Start()
    {
        if (IsRunning) throw new InvalidOperationException($"node {id} runs already");
        if (EndedByItself) _unexplained.Add(_process!.ExitCode);
        // The shell puts the output into the file, so that nobody has to read a pipe; exec keeps the process id. In a session of its own a node does not get the terminal's Ctrl-C.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("if command -v setsid >/dev/null 2>&1; then s=setsid; fi; case $0 in *.dll) s=\"$s dotnet\";; esac; exec $s \"$0\" --config \"$1\" >>\"$2\" 2>&1 </dev/null");
        foreach (var argument in (string[])[server, configuration, log]) start.ArgumentList.Add(argument);
        // What this program was told by such variables is not meant for the nodes, which would take it for settings.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("KVSTORE_", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        _killed = false;
        IsPaused = false;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"node {id} could not be started");
        guard.Watch(ProcessId);
    }

    /// <summary>SIGKILL, and waits until the process is gone.</summary>
    public void Kill()
    {
        if (_process is not { HasExited: false } process) return;
        _killed = true;
        process.Kill();
        process.WaitForExit();
        guard.Forget(process.Id);
        IsPaused = false;
    }

    /// <summary>SIGSTOP.</summary>
    public void Pause()
    {
        if (!IsRunning) return;
        Signal(SignalStop);
        IsPaused = true;
    }

    /// <summary>
    /// SIGSTOP, and waits until every thread stands still: the signal stops them only once the kernel has given one of them a processor, which on a busy machine is milliseconds
    /// after it was sent, and until then they acknowledge. A sync that is under way ends first.
    /// </summary>
    public Task HaltAsync()
    {
        Pause();
        // Any other error is that there is no such child any more: it has ended.
        return Task.Run(() =>
        {
            while (IsPaused && Wait(WaitForProcess, ProcessId, new byte[SignalInfoBytes], StoppedExitedNotTaken) != 0 && Marshal.GetLastPInvokeError() == ErrorInterrupted) { }
        });
    }

    /// <summary>SIGCONT.</summary>
    public void Resume()
    {
        if (!IsPaused) return;
        Signal(SignalContinue);
        IsPaused = false;
    }

    /// <summary>From now on its end is part of a fault.</summary>
    public void ExpectEnd() => _killed = true;

    /// <returns>Whether it has ended within that time.</returns>
    public async Task<bool> HasEndedAsync(TimeSpan within, CancellationToken cancellationToken)
    {
        if (_process is not { } process) return true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(within);
        try
        {
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return process.HasExited;
        }

        guard.Forget(process.Id);
        return true;
    }

    /// <summary>The last words of a node that ended.</summary>
    public string LastLine() => File.Exists(log) ? File.ReadLines(log).LastOrDefault(l => l.Trim().Length > 0) ?? "(empty log)" : "(no log)";

    public string LogTail()
    {
        if (!File.Exists(log)) return "(no log)";
        var lines = File.ReadAllLines(log);
        return string.Join('\n', lines.TakeLast(20));
    }

    private void Signal(int signal)
    {
        if (Kill(ProcessId, signal) != 0 && IsRunning) throw new InvalidOperationException($"node {id} could not be signalled: error {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);

    [DllImport("libc", EntryPoint = "waitid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Wait(int kind, int processId, byte[] signal, int options);
}
