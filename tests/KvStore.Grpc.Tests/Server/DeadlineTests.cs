using Grpc.Core;
using KvStore.Grpc.Tests.Service;
using KvStore.Grpc.Tests.V1;
using KvStore.Server.Grpc;

namespace KvStore.Grpc.Tests.Server;

/// <summary>The server's side of deadlines, on a clock that the test moves.</summary>
public sealed class DeadlineTests : IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private readonly TestService _service;
    private TestServer _server = null!;
    private RawClient _client = null!;

    public DeadlineTests() => _service = new TestService(_time);

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync(_service, new GrpcServerOptions { TimeProvider = _time });
        _client = new RawClient(_server.Address);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData("Unary")]
    [InlineData("ServerStream")]
    [InlineData("ClientStream")]
    [InlineData("Bidi")]
    public async Task Call_ends_at_its_deadline_though_the_handler_ignores_its_token(string method)
    {
        var gate = _service.Gate("stubborn");
        var response = SendAsync(new TestRequest { Name = "stubborn", WaitForGate = true }, method, "10S");
        await gate.Entered.Soon();
        Assert.False(response.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("4", (await response.Soon()).GrpcStatus);
        Assert.False(gate.Left.IsCompleted);

        gate.Open();
        await gate.Left.Soon();
        Assert.Equal("0", (await SendAsync(new TestRequest(), "Unary", "10S").Soon()).GrpcStatus);
        Assert.Equal(1, _client.Connections);
    }

    [Fact]
    public async Task Handler_that_writes_after_the_deadline_is_cancelled()
    {
        var gate = _service.Gate("late");
        var response = SendAsync(new TestRequest { Name = "late", WaitForGate = true, Responses = 1 }, "ServerStream", "10S");
        await gate.Entered.Soon();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("4", (await response.Soon()).GrpcStatus);
        gate.Open();
        Assert.IsAssignableFrom<OperationCanceledException>(await gate.Left.Soon());
    }

    [Fact]
    public async Task Deadline_that_fires_the_token_is_not_called_cancelled()
    {
        var gate = _service.Gate("polite");
        var response = SendAsync(new TestRequest { Name = "polite", WaitUntilCutShort = true }, "Unary", "10S");
        await gate.Entered.Soon();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("4", (await response.Soon()).GrpcStatus);
        await gate.CutShort.Soon();
    }

    [Fact]
    public async Task Token_that_is_asked_for_after_the_deadline_has_fired()
    {
        var gate = _service.Gate("curious");
        var response = SendAsync(new TestRequest { Name = "curious", WaitForGate = true, WaitUntilCutShort = true }, "Unary", "10S");
        await gate.Entered.Soon();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("4", (await response.Soon()).GrpcStatus);
        gate.Open();
        await gate.CutShort.Soon();
    }

    [Fact]
    public async Task Token_that_is_asked_for_after_the_end_has_fired_and_is_of_no_other_call()
    {
        var gate = _service.Gate("over");
        Assert.Equal("0", (await SendAsync(new TestRequest { Name = "over" }, "Unary", "10S").Soon()).GrpcStatus);
        Assert.True(gate.Context!.CancellationToken.IsCancellationRequested);
    }

    [Fact]
    public async Task Token_that_is_asked_for_late_still_tells_that_the_caller_is_gone()
    {
        var gate = _service.Gate("late");
        using var cancel = new CancellationTokenSource();
        using var channel = _server.Connect();
        using var call = new V1.Test.TestClient(channel).UnaryAsync(
            new TestRequest { Name = "late", WaitForGate = true, WaitUntilCutShort = true }, deadline: DateTime.UtcNow.AddHours(1), cancellationToken: cancel.Token);
        await gate.Entered.Soon();
        await cancel.CancelAsync();
        await Expect.StatusAsync(StatusCode.Cancelled, () => call.ResponseAsync.Soon());
        gate.Open();
        await gate.CutShort.Soon();
    }

    [Fact]
    public async Task Server_stream_keeps_what_was_sent_before_the_deadline()
    {
        var gate = _service.Gate("half");
        using var channel = _server.Connect();
        using var call = new V1.Test.TestClient(channel).ServerStream(
            new TestRequest { Name = "half", Responses = 2, WaitUntilCutShort = true }, deadline: DateTime.UtcNow.AddHours(1));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Soon());
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None).Soon());
        _time.Advance(TimeSpan.FromHours(1));
        await Expect.StatusAsync(StatusCode.DeadlineExceeded, () => call.ResponseStream.MoveNext(CancellationToken.None).Soon());
        await gate.CutShort.Soon();
    }

    [Fact]
    public async Task Call_that_ends_in_time_leaves_no_timer()
    {
        Assert.Equal("0", (await SendAsync(new TestRequest(), "Unary", "10S").Soon()).GrpcStatus);
        await SendAsync(new TestRequest(), "Bidi", "10S").Soon();
        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(0, _time.PendingTimers);
    }

    private Task<RawResponse> SendAsync(TestRequest request, string method, string timeout) =>
        _client.SendAsync(RawClient.Frame(request), method, http => http.Headers.Add("grpc-timeout", timeout));
}
