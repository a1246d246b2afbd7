using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;

namespace KvStore.Grpc.Tests.Client;

/// <summary>A server that ends a stream and then goes, in good order, before the caller has read the end.</summary>
public sealed class ClosedConnectionTests
{
    private const byte Headers = 1, Settings = 4, GoAway = 7;
    private const byte Acknowledged = 1, EndStream = 1, EndHeaders = 4;
    private const int PrefaceBytes = 24, FrameHeaderBytes = 9;

    [Fact]
    public async Task What_its_caller_had_not_read_is_unavailable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var channel = GrpcChannel.ForAddress($"http://{listener.LocalEndpoint}");
        using var call = new Test.TestClient(channel).Bidi();
        using var server = await AnswerAsync(listener).Soon();
        await call.ResponseHeadersAsync.Soon();
        await EndAndGoAsync(server).Soon();
        await Expect.StatusAsync(StatusCode.Unavailable, () => call.ResponseStream.MoveNext(CancellationToken.None)).Soon();
    }

    /// <summary>Answers the first stream with headers.</summary>
    private static async Task<NetworkStream> AnswerAsync(TcpListener listener)
    {
        var stream = new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true);
        await stream.ReadExactlyAsync(new byte[PrefaceBytes]);
        await stream.WriteAsync(Frame(Settings, 0, 0, []));
        while (await ReadFrameAsync(stream) != Headers)
        {
        }
        await stream.WriteAsync((byte[])[.. Frame(Settings, Acknowledged, 0, []), .. Frame(Headers, EndHeaders, 1, [.. Field(":status", "200"), .. Field("content-type", "application/grpc")])]);
        return stream;
    }

    /// <summary>Ends the stream, says that the server goes, closes, and waits until the client has done that too.</summary>
    private static async Task EndAndGoAsync(NetworkStream stream)
    {
        await stream.WriteAsync((byte[])[.. Frame(Headers, EndHeaders | EndStream, 1, Field("grpc-status", "0")), .. Frame(GoAway, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0])]);
        stream.Socket.Shutdown(SocketShutdown.Send);
        while (await stream.ReadAsync(new byte[1024]) > 0)
        {
        }
    }

    private static async Task<byte> ReadFrameAsync(NetworkStream stream)
    {
        var header = new byte[FrameHeaderBytes];
        await stream.ReadExactlyAsync(header);
        await stream.ReadExactlyAsync(new byte[(header[0] << 16) | (header[1] << 8) | header[2]]);
        return header[3];
    }

    private static byte[] Frame(byte type, byte flags, uint streamId, byte[] payload)
    {
        var frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(5), streamId);
        payload.CopyTo(frame, FrameHeaderBytes);
        return frame;
    }

    /// <summary>A header as a literal that nobody indexes (RFC 7541 §6.2.2).</summary>
    private static byte[] Field(string name, string value) => [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
