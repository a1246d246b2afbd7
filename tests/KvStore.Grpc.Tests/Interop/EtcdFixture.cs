using Grpc.Net.Client;
using KvStore.Jepsen.Processes;

namespace KvStore.Grpc.Tests.Interop;

/// <summary>A single etcd on loopback, started when the first test asks for it.</summary>
public sealed class EtcdFixture : IAsyncLifetime
{
    private readonly PeerProcess _process = new();
    private readonly PortBlock _ports = PortBlock.Claim(2);
    private readonly Lazy<Task<GrpcChannel>> _channel;

    public EtcdFixture() => _channel = new Lazy<Task<GrpcChannel>>(StartAsync);

    internal Task<GrpcChannel> ChannelAsync() => _channel.Value;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (_channel.IsValueCreated && _channel.Value.IsCompletedSuccessfully)
            _channel.Value.Result.Dispose();
        await _process.DisposeAsync();
        _ports.Dispose();
    }

    private async Task<GrpcChannel> StartAsync()
    {
        Peers.Require(Peer.Etcd);
        // etcd takes port 0 but does not say which port it got.
        var clientUrl = $"http://127.0.0.1:{_ports[0]}";
        var peerUrl = $"http://127.0.0.1:{_ports[1]}";
        _process.Start(Peers.Program("etcd")!,
        [
            "--name", "one", "--data-dir", Path.Combine(_process.Folder, "data"), "--logger", "zap", "--log-outputs", "stderr",
            "--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl,
            "--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl, "--initial-cluster", $"one={peerUrl}",
        ]);
        await _process.LineWithAsync("serving client traffic");
        return GrpcChannel.ForAddress(clientUrl, new GrpcChannelOptions { MaxReceiveMessageSize = 64 << 20 });
    }
}
