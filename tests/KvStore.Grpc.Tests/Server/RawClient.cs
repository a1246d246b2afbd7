using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace KvStore.Grpc.Tests.Server;

/// <summary>Sends what no gRPC client would, and counts the connections that it takes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly string _address;
    private readonly HttpMessageInvoker _http;
    private int _connections;

    public RawClient(string address)
    {
        _address = address;
        _http = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = ConnectAsync, UseProxy = false });
    }

    public int Connections => _connections;

    /// <summary>An empty message.</summary>
    public static byte[] EmptyMessage => new byte[5];

    public static byte[] Frame(IMessage message) => Frame(0, message.ToByteArray());

    public static byte[] Frame(byte flag, byte[] payload) => [.. Header(flag, (uint)payload.Length), .. payload];

    public static byte[] Header(byte flag, uint length)
    {
        var header = new byte[5];
        header[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(1), length);
        return header;
    }

    public static byte[] Gzip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return output.ToArray();
    }

    public async Task<RawResponse> SendAsync(byte[] body, string method = "Unary", Action<HttpRequestMessage>? edit = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_address}/kvstore.test.v1.Test/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        edit?.Invoke(request);
        using var response = await _http.SendAsync(request, CancellationToken.None);
        var content = await response.Content.ReadAsByteArrayAsync();
        return new RawResponse((int)response.StatusCode, Find(response, "grpc-status"), Find(response, "grpc-message"), Find(response, "grpc-accept-encoding"), content);
    }

    public void Dispose() => _http.Dispose();

    private static string? Find(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out var values) || response.Headers.TryGetValues(name, out values) ? string.Join(",", values) : null;

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _connections);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
