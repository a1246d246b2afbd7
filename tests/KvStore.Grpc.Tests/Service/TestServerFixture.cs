using Grpc.Net.Client;

namespace KvStore.Grpc.Tests.Service;

/// <summary>One server and one channel for all tests of a class.</summary>
public sealed class TestServerFixture : IAsyncLifetime
{
    internal TestService Service { get; } = new(TimeProvider.System);

    internal TestServer Server { get; private set; } = null!;

    internal GrpcChannel Channel { get; private set; } = null!;

    internal V1.Test.TestClient Client { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await TestServer.StartAsync(Service);
        Channel = Server.Connect();
        Client = new V1.Test.TestClient(Channel);
    }

    public async Task DisposeAsync()
    {
        Channel.Dispose();
        await Server.DisposeAsync();
    }
}
