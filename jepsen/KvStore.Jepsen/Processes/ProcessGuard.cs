using System.Diagnostics;
using System.Globalization;

namespace KvStore.Jepsen.Processes;

/// <summary>
/// Kills the nodes when this program ends without having done so, even by SIGKILL: a shell in a session of its own that reads process ids from a pipe and acts at the pipe's end.
/// </summary>
internal sealed class ProcessGuard : IDisposable
{
    private const string Script = """
        watched=" "
        while read -r what id; do
          case $what in
            watch) watched="$watched$id ";;
            forget) before=${watched%%" $id "*}; after=${watched#*" $id "}; if [ "$before" != "$watched" ]; then watched="$before $after"; fi;;
          esac
        done
        for id in $watched; do
          if grep -q KvStore.Server "/proc/$id/cmdline" 2>/dev/null; then kill -9 "$id" 2>/dev/null; fi
        done
        """;

    private readonly object _lock = new();
    private readonly Process _shell;

    public ProcessGuard()
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true };
        foreach (var argument in (string[])["-c", "if command -v setsid >/dev/null 2>&1; then s=setsid; fi; exec $s /bin/sh -c \"$0\"", Script]) start.ArgumentList.Add(argument);
        _shell = Process.Start(start) ?? throw new InvalidOperationException("the guard of the node processes could not be started");
    }

    public void Watch(int process) => Tell("watch", process);

    public void Forget(int process) => Tell("forget", process);

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }

    private void Tell(string what, int process)
    {
        lock (_lock)
        {
            _shell.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} {process}"));
            _shell.StandardInput.Flush();
        }
    }
}
