using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KvStore.Jepsen.Processes;

/// <summary>One node as a child process; its output goes to a file.</summary>
internal sealed class NodeProcess(int id, string serverDll, string configuration, string log, NodePorts ports, ProcessGuard guard)
{
    private const int SignalContinue = 18;
    private const int SignalStop = 19;
    private Process? _process;
    private readonly List<int> _unexplained = [];
    private bool _killed;

    public int Id => id;
    public NodePorts Ports => ports;
    public string ConfigurationFile => configuration;
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
        start.ArgumentList.Add("if command -v setsid >/dev/null 2>&1; then s=setsid; fi; exec $s dotnet \"$0\" --config \"$1\" >>\"$2\" 2>&1 </dev/null");
        foreach (var argument in (string[])[serverDll, configuration, log]) start.ArgumentList.Add(argument);
        // What this program was told by such variables is not meant for the nodes, which would take it for settings.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("KVSTORE_", StringComparison.OrdinalIgnoreCase)).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        _killed = false;
        IsPaused = false;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"node {id} could not be started");
        guard.Watch(_process.Id);
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
        if (Kill(_process!.Id, signal) != 0 && IsRunning) throw new InvalidOperationException($"node {id} could not be signalled: error {Marshal.GetLastPInvokeError()}");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
