using KvStore.Grpc.Tests.Service;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>Our server under clients that nobody here wrote. The checks are in their scripts, which name each one that fails.</summary>
public sealed class ForeignClientTests(TestServerFixture fixture) : IClassFixture<TestServerFixture>
{
    private const int PythonChecks = 21;
    private const int NodeChecks = 14;

    [PeerFact(Peer.Python)]
    public async Task Python()
    {
        Peers.Require(Peer.Python);
        await using var process = new PeerProcess();
        var messages = await PythonMessages.GenerateAsync(process.Folder);
        var output = await PeerProcess.RunAsync(process, Peers.Python, [PythonMessages.Script("client.py"), $"127.0.0.1:{fixture.Server.Port}"], messages);
        Assert.Contains($"{PythonChecks} checks passed, 0 failed", output, StringComparison.Ordinal);
    }

    [PeerFact(Peer.NodeJs)]
    public async Task Node_js()
    {
        Peers.Require(Peer.NodeJs);
        await using var process = new PeerProcess();
        var script = Path.Combine(Peers.TestFolder, "Interop", "node", "client.js");
        string[] arguments = [script, $"127.0.0.1:{fixture.Server.Port}", Path.Combine(Peers.TestFolder, "Protos")];
        var output = await PeerProcess.RunAsync(process, Peers.Program("node")!, arguments, ("NODE_PATH", Peers.NodeModules));
        Assert.Contains($"{NodeChecks} checks passed, 0 failed", output, StringComparison.Ordinal);
    }
}
