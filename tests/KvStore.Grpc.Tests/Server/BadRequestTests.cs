using Grpc.Core;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;

namespace KvStore.Grpc.Tests.Server;

/// <summary>Requests that break the protocol get the status that its specification names, and the connection goes on.</summary>
public sealed class BadRequestTests(TestServerFixture fixture) : IClassFixture<TestServerFixture>
{
    private const int MessageLimit = 4 << 20;

    /// <summary>A valid message whose bytes all come out, before the end of the gzip data is missed.</summary>
    private static readonly byte[] TruncatedGzip = RawClient.Gzip([0x12, 3, 7, 8, 9])[..^1];

    private static readonly BadRequest[] Requests =
    [
        new("no message", StatusCode.Internal, []),
        new("half a header", StatusCode.Internal, [0, 0, 0]),
        new("truncated message", StatusCode.Internal, [.. RawClient.Header(0, 9), 1]),
        new("truncated message of a stream", StatusCode.Internal, [.. RawClient.EmptyMessage, .. RawClient.Header(0, 9), 1], "ClientStream"),
        new("two messages of a unary call", StatusCode.Internal, [.. RawClient.EmptyMessage, .. RawClient.EmptyMessage]),
        new("garbage instead of protobuf", StatusCode.Internal, RawClient.Frame(0, [255, 255])),
        new("garbage instead of protobuf in a stream", StatusCode.Internal, RawClient.Frame(0, [255, 255]), "Bidi"),
        new("compression flag 2", StatusCode.Internal, RawClient.Frame(2, [])),
        new("oversized message", StatusCode.ResourceExhausted, RawClient.Frame(0, new byte[MessageLimit + 1])),
        new("oversized length without the bytes", StatusCode.ResourceExhausted, RawClient.Header(0, uint.MaxValue)),
        new("oversized message of a stream", StatusCode.ResourceExhausted, RawClient.Header(0, MessageLimit + 1), "Bidi"),
        new("gzip bomb", StatusCode.ResourceExhausted, RawClient.Frame(1, RawClient.Gzip(new byte[MessageLimit * 8])), Edit: With("grpc-encoding", "gzip")),
        new("compressed without an encoding", StatusCode.Internal, RawClient.Frame(1, RawClient.Gzip([]))),
        new("compressed under identity", StatusCode.Internal, RawClient.Frame(1, RawClient.Gzip([])), Edit: With("grpc-encoding", "identity")),
        new("gzip that is not", StatusCode.Internal, RawClient.Frame(1, [1, 2, 3, 4]), Edit: With("grpc-encoding", "gzip")),
        new("truncated gzip", StatusCode.Internal, RawClient.Frame(1, TruncatedGzip), Edit: With("grpc-encoding", "gzip")),
        new("empty gzip", StatusCode.Internal, RawClient.Frame(1, []), Edit: With("grpc-encoding", "gzip")),
        new("unknown encoding", StatusCode.Unimplemented, RawClient.EmptyMessage, Edit: With("grpc-encoding", "snappy")),
        new("timeout with an unknown unit", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("grpc-timeout", "5x")),
        new("timeout of nine digits", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("grpc-timeout", "123456789S")),
        new("negative timeout", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("grpc-timeout", "-1S")),
        new("timeout without a number", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("grpc-timeout", "S")),
        new("timeout of nothing", StatusCode.DeadlineExceeded, RawClient.Frame(new TestRequest { WaitUntilCutShort = true }), Edit: With("grpc-timeout", "0n")),
        new("-bin metadata that is not base64", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("x-echo-bin", "!!!")),
        new("-bin metadata of an impossible length", StatusCode.Internal, RawClient.EmptyMessage, Edit: With("x-echo-bin", "AAAAA")),
        new("unknown method", StatusCode.Unimplemented, RawClient.EmptyMessage, "Nope"),
        new("method in the wrong case", StatusCode.Unimplemented, RawClient.EmptyMessage, "unary"),
        new("unknown service", StatusCode.Unimplemented, RawClient.EmptyMessage, "../no.such.Service/Method"),
        new("method that throws", StatusCode.Unknown, RawClient.Frame(new TestRequest { Fail = true })),
    ];

    public static TheoryData<string> Names => [.. Requests.Select(request => request.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Is_refused_and_the_connection_survives(string name)
    {
        var request = Requests.Single(request => request.Name == name);
        using var client = new RawClient(fixture.Server.Address);

        var refused = await client.SendAsync(request.Body, request.Method, request.Edit).Soon();
        Assert.Equal(200, refused.HttpStatus);
        Assert.True(refused.GrpcStatus == ((int)request.Expected).ToString(), $"expected {request.Expected}, got {refused.GrpcStatus} {refused.GrpcMessage}");
        Assert.NotEmpty(refused.GrpcMessage!);

        var accepted = await client.SendAsync(RawClient.EmptyMessage).Soon();
        Assert.Equal("0", accepted.GrpcStatus);
        Assert.Equal(1, client.Connections);
    }

    [Fact]
    public async Task Unknown_encoding_is_told_which_are_known()
    {
        using var client = new RawClient(fixture.Server.Address);
        Assert.Equal("identity,gzip", (await client.SendAsync(RawClient.EmptyMessage, edit: With("grpc-encoding", "snappy"))).AcceptEncoding);
    }

    [Fact]
    public async Task Gzip_requests_are_understood()
    {
        using var client = new RawClient(fixture.Server.Address);
        byte[] body = [.. RawClient.Frame(1, RawClient.Gzip(new byte[] { 0x12, 3, 7, 8, 9 })), .. RawClient.Frame(0, [0x12, 1, 7])];
        var response = await client.SendAsync(body, "ClientStream", With("grpc-encoding", "gzip"));
        Assert.Equal("0", response.GrpcStatus);
        Assert.Equal(4, TestResponse.Parser.ParseFrom(response.Body, 5, response.Body.Length - 5).ReceivedBytes);
    }

    [Theory]
    [InlineData("AQD/", "0100FF")]
    [InlineData("AQA=", "0100")]
    [InlineData("AQA", "0100")]
    [InlineData("AQ,AQA,AQD/", "0100FF")]
    [InlineData("", "")]
    public async Task Bin_metadata_may_be_padded_or_joined(string value, string expected)
    {
        using var client = new RawClient(fixture.Server.Address);
        var response = await client.SendAsync(RawClient.EmptyMessage, edit: With("x-echo-bin", value));
        Assert.Equal("|" + expected, TestResponse.Parser.ParseFrom(response.Body, 5, response.Body.Length - 5).Echo);
    }

    [Theory]
    [InlineData("application/json", 415)]
    [InlineData("application/grpc-web", 415)]
    [InlineData("application/grpc-web+proto", 415)]
    [InlineData("application/grpc+json", 415)]
    [InlineData("application/grpcfoo", 415)]
    [InlineData("", 415)]
    [InlineData("application/grpc+proto", 200)]
    [InlineData("application/grpc; charset=utf-8", 200)]
    [InlineData("APPLICATION/GRPC", 200)]
    public async Task Content_type_decides_what_is_grpc(string contentType, int httpStatus)
    {
        using var client = new RawClient(fixture.Server.Address);
        var response = await client.SendAsync(RawClient.EmptyMessage, edit: request =>
        {
            request.Content!.Headers.Remove("content-type");
            if (contentType.Length > 0)
                request.Content.Headers.TryAddWithoutValidation("content-type", contentType);
        });
        Assert.Equal(httpStatus, response.HttpStatus);
        Assert.Equal(httpStatus == 200 ? "0" : null, response.GrpcStatus);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Only_post_is_allowed(string verb)
    {
        using var client = new RawClient(fixture.Server.Address);
        Assert.Equal(405, (await client.SendAsync(RawClient.EmptyMessage, edit: request => request.Method = new HttpMethod(verb))).HttpStatus);
    }

    [Fact]
    public async Task Http_1_is_told_to_upgrade()
    {
        using var client = new RawClient(fixture.Server.Http1Address);
        Assert.Equal(426, (await client.SendAsync(RawClient.EmptyMessage, edit: request => request.Version = new Version(1, 1))).HttpStatus);
    }

    [Fact]
    public async Task Unknown_path_that_is_not_grpc_is_not_found()
    {
        using var client = new RawClient(fixture.Server.Address);
        var response = await client.SendAsync([], "Nope", request => request.Content!.Headers.Remove("content-type"));
        Assert.Equal((404, null), (response.HttpStatus, response.GrpcStatus));
    }

    private static Action<HttpRequestMessage> With(string name, string value) => request => request.Headers.TryAddWithoutValidation(name, value);
}
