using System.Runtime.Versioning;
using KvStore.Jepsen.Processes;

namespace KvStore.Jepsen.Tests.Processes;

[UnsupportedOSPlatform("windows")]
public sealed class HaltTests
{
    private const int Rounds = 200;

    /// <summary>A power cut copies the disk right after it: what a node acknowledged after the copy would be gone without any fault of its own.</summary>
    [Fact]
    public async Task A_halted_node_does_nothing_any_more()
    {
        using var guard = new ProcessGuard();
        var home = Directory.CreateTempSubdirectory("halt-");
        try
        {
            // A program that never rests stands for the server.
            var busy = Path.Combine(home.FullName, "server");
            await File.WriteAllTextAsync(busy, "#!/bin/sh\nwhile :; do :; done\n");
            File.SetUnixFileMode(busy, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var node = new NodeProcess(1, busy, "configuration", Path.Combine(home.FullName, "log"), new NodePorts(0, 0, 0, 0, 0), guard);
            node.Start();
            try
            {
                for (var round = 0; round < Rounds; round++)
                {
                    await node.HaltAsync();
                    Assert.Contains(") T ", await File.ReadAllTextAsync($"/proc/{node.ProcessId}/stat"), StringComparison.Ordinal);
                    node.Resume();
                }
            }
            finally
            {
                node.Kill();
            }
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
