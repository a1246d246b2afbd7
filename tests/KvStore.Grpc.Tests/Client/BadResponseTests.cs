using Grpc.Core;
using KvStore.Grpc.Tests.Server;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace KvStore.Grpc.Tests.Client;

/// <summary>What our client makes of servers that break the protocol, or are none.</summary>
public sealed class BadResponseTests
{
    [Fact]
    public Task No_status_at_the_end() => ExpectAsync(StatusCode.Unknown, http => WriteAsync(http, RawClient.EmptyMessage, status: null));

    [Fact]
    public Task Malformed_status() => ExpectAsync(StatusCode.Unknown, http => WriteAsync(http, RawClient.EmptyMessage, status: "fine"));

    [Fact]
    public Task Status_that_nobody_named() => ExpectAsync(StatusCode.Unknown, http => WriteAsync(http, RawClient.EmptyMessage, status: "99"));

    [Fact]
    public Task Ok_without_a_message() => ExpectAsync(StatusCode.Internal, http => WriteAsync(http, []));

    [Fact]
    public Task Ok_with_two_messages() => ExpectAsync(StatusCode.Internal, http => WriteAsync(http, [.. RawClient.EmptyMessage, .. RawClient.EmptyMessage]));

    [Fact]
    public Task Ok_within_a_message() => ExpectAsync(StatusCode.Internal, http => WriteAsync(http, [.. RawClient.Header(0, 9), 1]));

    [Fact]
    public Task Garbage_instead_of_protobuf() => ExpectAsync(StatusCode.Internal, http => WriteAsync(http, RawClient.Frame(0, [255, 255])));

    [Fact]
    public Task Compression_flag_2() => ExpectAsync(StatusCode.Internal, http => WriteAsync(http, RawClient.Frame(2, [])));

    [Fact]
    public Task Oversized_length() => ExpectAsync(StatusCode.ResourceExhausted, http => WriteAsync(http, RawClient.Header(0, uint.MaxValue)));

    [Fact]
    public Task Gzip_bomb() => ExpectAsync(StatusCode.ResourceExhausted, http =>
    {
        http.Response.Headers["grpc-encoding"] = "gzip";
        return WriteAsync(http, RawClient.Frame(1, RawClient.Gzip(new byte[32 << 20])));
    });

    [Fact]
    public Task Trailer_that_is_not_base64() => ExpectAsync(StatusCode.Internal, http =>
    {
        http.Response.AppendTrailer("x-bad-bin", "!!!");
        return WriteAsync(http, RawClient.EmptyMessage);
    });

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    [InlineData(503, StatusCode.Unavailable)]
    internal Task Plain_http_status(int httpStatus, StatusCode expected) => ExpectAsync(expected, http =>
    {
        http.Response.StatusCode = httpStatus;
        return Task.CompletedTask;
    });

    [Fact]
    public Task Web_page() => ExpectAsync(StatusCode.Unknown, http => http.Response.WriteAsync("<html>"));

    [Fact]
    public Task Grpc_status_beside_an_http_error_counts() => ExpectAsync(StatusCode.NotFound, http =>
    {
        http.Response.StatusCode = 500;
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = "5";
        return Task.CompletedTask;
    });

    [Theory]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0xc, StatusCode.PermissionDenied)]
    internal Task Reset_stream(int errorCode, StatusCode expected) => ExpectAsync(expected, http =>
    {
        http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode);
        return Task.CompletedTask;
    });

    [Fact]
    public async Task Gzip_responses_are_understood()
    {
        await using var server = await StartAsync(http =>
        {
            http.Response.Headers["grpc-encoding"] = "gzip";
            return WriteAsync(http, RawClient.Frame(1, RawClient.Gzip([0x10, 7])));
        });
        using var channel = server.Connect();
        Assert.Equal(7, (await new V1.Test.TestClient(channel).UnaryAsync(new TestRequest())).ReceivedBytes);
    }

    [Fact]
    public async Task Write_to_a_reset_stream_throws_the_calls_status()
    {
        await using var server = await StartAsync(http =>
        {
            http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(0x7);
            return Task.CompletedTask;
        });
        using var channel = server.Connect();
        using var call = new V1.Test.TestClient(channel).ClientStream();
        await Expect.StatusAsync(StatusCode.Unavailable, async () => await call.ResponseAsync.Soon());
        await Expect.StatusAsync(StatusCode.Unavailable, () => call.RequestStream.WriteAsync(new TestRequest()).Soon());
    }

    [Fact]
    public async Task Server_that_goes_away_is_unavailable()
    {
        var entered = new TaskCompletionSource();
        var server = await StartAsync(async http =>
        {
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        });
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        using var call = client.UnaryAsync(new TestRequest());
        await entered.Task.Soon();
        await server.DisposeAsync();
        await Expect.StatusAsync(StatusCode.Unavailable, async () => await call.ResponseAsync.Soon());
        await Expect.StatusAsync(StatusCode.Unavailable, async () => await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon());
    }

    private static async Task ExpectAsync(StatusCode expected, Func<HttpContext, Task> answer)
    {
        await using var server = await StartAsync(answer);
        using var channel = server.Connect();
        var client = new V1.Test.TestClient(channel);
        await Expect.StatusAsync(expected, async () => await client.UnaryAsync(new TestRequest()).ResponseAsync.Soon());
    }

    private static Task<TestServer> StartAsync(Func<HttpContext, Task> answer) =>
        TestServer.StartAsync(application => application.Map("/kvstore.test.v1.Test/{method}", new RequestDelegate(answer)));

    private static async Task WriteAsync(HttpContext http, byte[] body, string? status = "0")
    {
        http.Response.ContentType = "application/grpc";
        if (status is not null)
            http.Response.AppendTrailer("grpc-status", status);
        await http.Response.Body.WriteAsync(body);
    }
}
