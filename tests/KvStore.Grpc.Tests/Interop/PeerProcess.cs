using System.Diagnostics;
using KvStore.Grpc.Tests.Service;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>A process of a peer with a folder of its own under the system's temporary one; both are gone after disposal.</summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private readonly Process _process = new();
    private readonly List<string> _lines = [];
    private readonly List<(string Text, TaskCompletionSource<string> Found)> _awaited = [];
    private readonly Lock _lock = new();
    private bool _started;

    public PeerProcess() => Folder = Directory.CreateTempSubdirectory("kvstore-interop-").FullName;

    public string Folder { get; }

    /// <summary>All that it wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_lock)
                return string.Join('\n', _lines);
        }
    }

    public static async Task<string> RunAsync(PeerProcess peer, string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        peer.Start(program, arguments, environment);
        await peer._process.WaitForExitAsync().Soon();
        Assert.True(peer._process.ExitCode == 0, $"{program} ended with {peer._process.ExitCode}:\n{peer.Output}");
        return peer.Output;
    }

    public void Start(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        foreach (var proxy in start.Environment.Keys.Where(name => name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(proxy); // the C core sends even loopback calls through one
        _process.StartInfo = start;
        _process.EnableRaisingEvents = true;
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _process.Exited += (_, _) => FailWaiters();
        _started = _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The first line that holds a text; fails when the process ends without it.</summary>
    public Task<string> LineWithAsync(string text)
    {
        var found = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_lines.Find(line => line.Contains(text, StringComparison.Ordinal)) is { } line)
                return Task.FromResult(line);
            _awaited.Add((text, found));
        }

        return found.Task.Soon();
    }

    public async ValueTask DisposeAsync()
    {
        if (_started)
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        lock (_lock)
        {
            _lines.Add(line);
            foreach (var (_, found) in _awaited.Where(waiter => line.Contains(waiter.Text, StringComparison.Ordinal)))
                found.TrySetResult(line);
        }
    }

    private void FailWaiters()
    {
        lock (_lock)
        {
            foreach (var (text, found) in _awaited)
                found.TrySetException(new InvalidOperationException($"The process ended before it wrote '{text}':\n{string.Join('\n', _lines)}"));
        }
    }
}
