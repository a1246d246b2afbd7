using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using KvStore.Protocol.V1;

namespace KvStore.Server.Tests.EndToEnd;

/// <summary>A write whose deadline passes after it was proposed says that it may still take effect.</summary>
public sealed class UnknownOutcomeTests : IAsyncLifetime
{
    private const string DeadlineExceeded = "4";
    private readonly StalledDisk _disk = new();
    private readonly SingleNode _node = new();
    // Unlike a gRPC client it has no timer of its own that could end the call first.
    private readonly HttpClient _http = new();
    private KvStoreServer _server = null!;

    public async Task InitializeAsync()
    {
        // Long enough that the leader does not give up on its disk, with an unknown outcome too, before the deadline.
        _server = await SingleNode.StartAsync(_node.Options with { ElectionTimeoutMinMilliseconds = 4000, ElectionTimeoutMaxMilliseconds = 4500 }, _disk);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        _disk.GoOn();
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task The_deadline_of_a_proposed_write_leaves_its_outcome_unknown()
    {
        var put = new PutRequest { Key = ByteString.CopyFromUtf8("a"), Value = ByteString.CopyFromUtf8("1") };
        Assert.Equal("0", (await CallAsync("Put", put, "60S")).Status);
        _disk.Stall();
        var (status, error) = await CallAsync("Put", put, "1S");
        // On a machine that stands still the deadline can pass before the write is proposed, which nobody then waits for to be synced, and the leader can have given up on its disk first.
        Assert.Equal(_disk.HoldsUp, error!.OutcomeUnknown);
        if (error.Code != ErrorCode.Unavailable) Assert.Equal((DeadlineExceeded, ErrorCode.DeadlineExceeded), (status, error.Code));
    }

    private async Task<(string Status, Error? Error)> CallAsync(string method, IMessage message, string timeout)
    {
        var body = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.CalculateSize());
        message.WriteTo(body.AsSpan(5));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_node.Endpoint}/kvstore.v1.Kv/{method}")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        request.Headers.Add("te", "trailers");
        request.Headers.Add("grpc-timeout", timeout);
        using var response = await _http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        return (Find(response, "grpc-status")!, Find(response, "kvstore-error-bin") is { } error ? Error.Parser.ParseFrom(Convert.FromBase64String(error.PadRight((error.Length + 3) / 4 * 4, '='))) : null);
    }

    private static string? Find(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values) ? string.Join(",", values) : null;
}
