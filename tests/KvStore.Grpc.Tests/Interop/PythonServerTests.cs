using KvStore.Grpc.Tests.Client;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>Our client against a stock Python server: the same checks as against our own.</summary>
public sealed class PythonServerTests(PythonServerFixture fixture) : IClassFixture<PythonServerFixture>
{
    public static TheoryData<string> Checks => ClientChecks.Names;

    [PeerTheory(Peer.Python)]
    [MemberData(nameof(Checks))]
    public async Task Check(string name) => await ClientChecks.RunAsync(name, await fixture.ClientAsync());
}
