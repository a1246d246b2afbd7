using System.Reflection;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;

namespace KvStore.Grpc.Tests.Client;

/// <summary>What our client must do against any server of the Test service: our own and foreign ones. Each public method is one check.</summary>
internal static class ClientChecks
{
    private const string AnyText = "naïve 100% \n \"quoted\" 日本 😀";
    private const int MessageLimit = 4 << 20;

    public static TheoryData<string> Names => [.. Methods.Select(method => method.Name)];

    private static IEnumerable<MethodInfo> Methods =>
        typeof(ClientChecks).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly).Where(method => method.ReturnType == typeof(Task) && method.GetParameters().Length == 1);

    public static Task RunAsync(string name, V1.Test.TestClient client) => ((Task)Methods.Single(method => method.Name == name).Invoke(null, [client])!).Soon();

    public static async Task Unary(V1.Test.TestClient client)
    {
        var response = await client.UnaryAsync(new TestRequest { Payload = Bytes(10), ResponseSize = 7 });
        Assert.Equal((10, 7), (response.ReceivedBytes, response.Payload.Length));
    }

    public static async Task Empty_request_and_response(V1.Test.TestClient client)
    {
        using var call = client.UnaryAsync(new TestRequest());
        Assert.Equal(0, (await call).ReceivedBytes);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    public static async Task Blocking_unary(V1.Test.TestClient client)
    {
        await Task.Yield();
        Assert.Equal(3, client.Unary(new TestRequest { Payload = Bytes(3) }).ReceivedBytes);
    }

    public static async Task Large_messages_both_ways(V1.Test.TestClient client)
    {
        var size = MessageLimit - 64;
        var response = await client.UnaryAsync(new TestRequest { Payload = Bytes(size), ResponseSize = size });
        Assert.Equal((size, size), (response.ReceivedBytes, response.Payload.Length));
    }

    public static async Task Request_over_the_servers_limit_is_resource_exhausted(V1.Test.TestClient client)
    {
        await Expect.StatusAsync(StatusCode.ResourceExhausted, async () => await client.UnaryAsync(new TestRequest { Payload = Bytes(MessageLimit + 1) }));
        await client.UnaryAsync(new TestRequest());
    }

    public static async Task Response_over_the_clients_limit_is_resource_exhausted(V1.Test.TestClient client) =>
        await Expect.StatusAsync(StatusCode.ResourceExhausted, async () => await client.UnaryAsync(new TestRequest { ResponseSize = MessageLimit + 1 }));

    public static async Task Metadata_as_text_and_bytes_travels_in_headers_and_trailers(V1.Test.TestClient client)
    {
        using var call = client.UnaryAsync(new TestRequest { SendHeaders = true, SendTrailers = true }, new Metadata { { "X-Echo", "hi" }, { "x-echo-bin", new byte[] { 1, 0, 255 } } });
        var headers = await call.ResponseHeadersAsync;
        Assert.Equal("yes", headers.GetValue("x-early"));
        Assert.Equal([1, 2, 255], headers.GetValueBytes("x-early-bin"));
        Assert.Equal("hi|0100FF", (await call).Echo);
        Assert.Equal("tail", call.GetTrailers().GetValue("x-trailer"));
        Assert.Equal([0, 200, 7], call.GetTrailers().GetValueBytes("x-trailer-bin"));
    }

    public static async Task Every_status_travels_with_any_text_and_trailers(V1.Test.TestClient client)
    {
        foreach (var code in Enum.GetValues<StatusCode>().Where(code => code != StatusCode.OK))
        {
            var exception = await Expect.StatusAsync(code, async () => await client.UnaryAsync(new TestRequest { Status = (int)code, StatusMessage = AnyText, SendTrailers = true }));
            Assert.Equal(AnyText, exception.Status.Detail);
            Assert.Equal("tail", exception.Trailers.GetValue("x-trailer"));
        }
    }

    public static Task Failing_handler_is_unknown(V1.Test.TestClient client) =>
        Expect.StatusAsync(StatusCode.Unknown, async () => await client.UnaryAsync(new TestRequest { Fail = true }));

    public static Task Method_that_the_service_does_not_implement_is_unimplemented(V1.Test.TestClient client) =>
        Expect.StatusAsync(StatusCode.Unimplemented, async () => await client.NotImplementedHereAsync(new TestRequest()));

    public static async Task Deadline_is_known_at_the_server(V1.Test.TestClient client)
    {
        var response = await client.UnaryAsync(new TestRequest(), deadline: DateTime.UtcNow.AddHours(1));
        Assert.InRange(response.DeadlineMilliseconds, 60_000, 3_600_000);
        Assert.Equal(-1, (await client.UnaryAsync(new TestRequest())).DeadlineMilliseconds);
    }

    public static Task Deadline_ends_a_waiting_call(V1.Test.TestClient client) =>
        Expect.StatusAsync(StatusCode.DeadlineExceeded, async () => await client.UnaryAsync(new TestRequest { WaitUntilCutShort = true }, deadline: DateTime.UtcNow.AddMilliseconds(100)));

    public static Task Deadline_in_the_past_ends_the_call_at_once(V1.Test.TestClient client) =>
        Expect.StatusAsync(StatusCode.DeadlineExceeded, async () => await client.UnaryAsync(new TestRequest(), deadline: DateTime.UtcNow.AddSeconds(-1)));

    public static async Task Deadline_ends_an_open_stream(V1.Test.TestClient client)
    {
        using var call = client.Bidi(deadline: DateTime.UtcNow.AddMilliseconds(100));
        await Expect.StatusAsync(StatusCode.DeadlineExceeded, () => call.ResponseStream.MoveNext(CancellationToken.None));
        await Expect.StatusAsync(StatusCode.DeadlineExceeded, () => call.RequestStream.WriteAsync(new TestRequest()));
    }

    public static async Task Cancellation_reaches_the_server(V1.Test.TestClient client)
    {
        var name = Guid.NewGuid().ToString();
        using var cancellation = new CancellationTokenSource();
        using var call = client.ServerStream(new TestRequest { Name = name, Responses = 1, WaitUntilCutShort = true }, cancellationToken: cancellation.Token);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await cancellation.CancelAsync();
        await Expect.StatusAsync(StatusCode.Cancelled, () => call.ResponseStream.MoveNext(CancellationToken.None));
        await client.AwaitCutShortAsync(new TestRequest { Name = name });
    }

    public static async Task Disposal_reaches_the_server(V1.Test.TestClient client)
    {
        var name = Guid.NewGuid().ToString();
        using (var call = client.ServerStream(new TestRequest { Name = name, Responses = 1, WaitUntilCutShort = true }))
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await client.AwaitCutShortAsync(new TestRequest { Name = name });
    }

    public static async Task Server_stream_of_many(V1.Test.TestClient client)
    {
        using var call = client.ServerStream(new TestRequest { Responses = 1000, ResponseSize = 100 });
        Assert.Equal(100_000, (await ReadAsync(call.ResponseStream)).Sum(response => response.Payload.Length));
    }

    public static async Task Server_stream_of_none(V1.Test.TestClient client)
    {
        using var call = client.ServerStream(new TestRequest());
        Assert.Empty(await ReadAsync(call.ResponseStream));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    public static async Task Server_stream_that_ends_in_an_error_gives_its_messages_first(V1.Test.TestClient client)
    {
        using var call = client.ServerStream(new TestRequest { Responses = 3, Status = (int)StatusCode.FailedPrecondition, StatusMessage = "enough" });
        for (var i = 0; i < 3; i++)
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        await Expect.StatusAsync(StatusCode.FailedPrecondition, () => call.ResponseStream.MoveNext(CancellationToken.None));
        await Expect.StatusAsync(StatusCode.FailedPrecondition, () => call.ResponseStream.MoveNext(CancellationToken.None));
    }

    public static async Task Server_stream_larger_than_all_windows(V1.Test.TestClient client)
    {
        using var call = client.ServerStream(new TestRequest { Responses = 16, ResponseSize = 1 << 20 });
        Assert.Equal(16 << 20, (await ReadAsync(call.ResponseStream)).Sum(response => response.Payload.Length));
    }

    public static async Task Client_stream_of_many(V1.Test.TestClient client)
    {
        using var call = client.ClientStream();
        for (var i = 0; i < 1000; i++)
            await call.RequestStream.WriteAsync(new TestRequest { Payload = Bytes(100) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(100_000, (await call).ReceivedBytes);
    }

    public static async Task Client_stream_of_none(V1.Test.TestClient client)
    {
        using var call = client.ClientStream();
        await call.RequestStream.CompleteAsync();
        Assert.Equal(0, (await call).ReceivedBytes);
    }

    public static async Task Client_stream_larger_than_all_windows(V1.Test.TestClient client)
    {
        using var call = client.ClientStream();
        var payload = Bytes(1 << 20);
        for (var i = 0; i < 16; i++)
            await call.RequestStream.WriteAsync(new TestRequest { Payload = payload });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(16 << 20, (await call).ReceivedBytes);
    }

    public static async Task Write_to_a_stream_that_the_server_has_ended_throws_the_calls_status(V1.Test.TestClient client)
    {
        using var call = client.ClientStream();
        await call.RequestStream.WriteAsync(new TestRequest { Status = (int)StatusCode.FailedPrecondition, StatusMessage = "enough" });
        await Expect.StatusAsync(StatusCode.FailedPrecondition, async () => await call);
        var exception = await Expect.StatusAsync(StatusCode.FailedPrecondition, () => call.RequestStream.WriteAsync(new TestRequest()));
        Assert.Equal("enough", exception.Status.Detail);
    }

    public static async Task Writer_blocked_by_flow_control_learns_the_calls_status(V1.Test.TestClient client)
    {
        using var call = client.Bidi();
        var payload = Bytes(1 << 20);
        await call.RequestStream.WriteAsync(new TestRequest { Status = (int)StatusCode.Aborted, StatusMessage = "stop" });
        await Expect.StatusAsync(StatusCode.Aborted, async () =>
        {
            while (true)
                await call.RequestStream.WriteAsync(new TestRequest { Payload = payload });
        });
        await Expect.StatusAsync(StatusCode.Aborted, () => call.ResponseStream.MoveNext(CancellationToken.None));
    }

    public static async Task Bidi_ping_pong(V1.Test.TestClient client)
    {
        using var call = client.Bidi();
        for (var i = 0; i < 300; i++)
        {
            await call.RequestStream.WriteAsync(new TestRequest { ResponseSize = i });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal(i, call.ResponseStream.Current.Payload.Length);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
    }

    public static async Task Bidi_with_buffered_writes_sends_all(V1.Test.TestClient client)
    {
        using var call = client.Bidi();
        call.RequestStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        var responses = ReadAsync(call.ResponseStream);
        for (var i = 0; i < 200; i++)
            await call.RequestStream.WriteAsync(new TestRequest { Payload = Bytes(i) });
        await call.RequestStream.CompleteAsync();
        Assert.Equal(Enumerable.Range(0, 200), (await responses).Select(response => response.ReceivedBytes));
    }

    public static async Task Disposed_stream_is_cancelled(V1.Test.TestClient client)
    {
        var call = client.Bidi();
        await call.RequestStream.WriteAsync(new TestRequest());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        call.Dispose();
        await Expect.StatusAsync(StatusCode.Cancelled, () => call.ResponseStream.MoveNext(CancellationToken.None));
        await Expect.StatusAsync(StatusCode.Cancelled, () => call.RequestStream.WriteAsync(new TestRequest()));
    }

    public static async Task Two_hundred_streams_at_once(V1.Test.TestClient client)
    {
        var calls = Enumerable.Range(0, 200).Select(_ => client.Bidi()).ToList();
        foreach (var call in calls)
            await call.RequestStream.WriteAsync(new TestRequest());
        foreach (var call in calls)
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        foreach (var call in calls)
        {
            await call.RequestStream.CompleteAsync();
            Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
            call.Dispose();
        }
    }

    private static async Task<List<TestResponse>> ReadAsync(IAsyncStreamReader<TestResponse> stream)
    {
        var responses = new List<TestResponse>();
        await foreach (var response in stream.ReadAllAsync())
            responses.Add(response);
        return responses;
    }

    private static ByteString Bytes(int count) => UnsafeByteOperations.UnsafeWrap(new byte[count]);
}
