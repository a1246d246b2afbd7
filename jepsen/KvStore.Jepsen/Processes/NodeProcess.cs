using System.Diagnostics;

namespace KvStore.Jepsen.Processes;

/// <summary>One node as a child process; its output goes to a file.</summary>
internal sealed class NodeProcess(int id, string serverDll, string configuration, string log, int clientPort, int httpPort)
{
    private Process? _process;

    public int Id => id;
    public int ClientPort => clientPort;
    public int HttpPort => httpPort;
    public bool IsRunning => _process is { HasExited: false };
    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    public void Start()
    {
        if (IsRunning) throw new InvalidOperationException($"node {id} runs already");
        // The shell puts the output into the file, so that nobody has to read a pipe; exec keeps the process id.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("exec dotnet \"$0\" --config \"$1\" >>\"$2\" 2>&1");
        foreach (var argument in (string[])[serverDll, configuration, log]) start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException($"node {id} could not be started");
    }

    /// <summary>SIGKILL, and waits until the process is gone.</summary>
    public void Kill()
    {
        if (_process is not { HasExited: false } process) return;
        process.Kill();
        process.WaitForExit();
    }

    public string LogTail()
    {
        if (!File.Exists(log)) return "(no log)";
        var lines = File.ReadAllLines(log);
        return string.Join('\n', lines.TakeLast(20));
    }
}
