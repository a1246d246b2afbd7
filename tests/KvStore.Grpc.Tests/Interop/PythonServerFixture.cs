using System.Globalization;
using Grpc.Net.Client;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>A stock Python server, started when the first test asks for it.</summary>
public sealed class PythonServerFixture : IAsyncLifetime
{
    private readonly PeerProcess _process = new();
    private readonly Lazy<Task<GrpcChannel>> _channel;

    public PythonServerFixture() => _channel = new Lazy<Task<GrpcChannel>>(StartAsync);

    internal async Task<V1.Test.TestClient> ClientAsync() => new(await _channel.Value);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_channel.IsValueCreated && _channel.Value.IsCompletedSuccessfully)
            _channel.Value.Result.Dispose();
        await _process.DisposeAsync();
    }

    private async Task<GrpcChannel> StartAsync()
    {
        const string Listening = "listening on ";
        Peers.Require(Peer.Python);
        var messages = await PythonMessages.GenerateAsync(_process.Folder);
        _process.Start(Peers.Python, [PythonMessages.Script("server.py")], messages);
        var line = await _process.LineWithAsync(Listening);
        var port = int.Parse(line.AsSpan(Listening.Length), CultureInfo.InvariantCulture);
        return GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
    }
}
