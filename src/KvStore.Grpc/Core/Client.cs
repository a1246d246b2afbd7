using System.Runtime.CompilerServices;

namespace Grpc.Core;

internal readonly record struct CallOptions(Metadata? Headers = null, DateTime? Deadline = null, CancellationToken CancellationToken = default)
{
    public CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };
    public CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };
    public CallOptions WithCancellationToken(CancellationToken token) => this with { CancellationToken = token };
}

internal abstract class ChannelBase(string target)
{
    public string Target { get; } = target;
    public abstract CallInvoker CreateCallInvoker();
}

internal abstract class CallInvoker
{
    public abstract TResponse BlockingUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) where TRequest : class where TResponse : class;
    public abstract AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) where TRequest : class where TResponse : class;
    public abstract AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) where TRequest : class where TResponse : class;
    public abstract AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) where TRequest : class where TResponse : class;
    public abstract AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(Method<TRequest, TResponse> method, string? host, CallOptions options) where TRequest : class where TResponse : class;
}

internal abstract class ClientBase<T> where T : ClientBase<T>
{
    private readonly ClientBaseConfiguration? _configuration;
    protected ClientBase() { }
    protected ClientBase(ChannelBase channel) : this(channel.CreateCallInvoker()) { }
    protected ClientBase(CallInvoker callInvoker) : this(new ClientBaseConfiguration(callInvoker)) { }
    protected ClientBase(ClientBaseConfiguration configuration) => _configuration = configuration;
    protected CallInvoker CallInvoker => _configuration?.CallInvoker ?? throw new NotSupportedException("This client is a test double.");
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
    protected internal sealed class ClientBaseConfiguration(CallInvoker callInvoker) { internal CallInvoker CallInvoker { get; } = callInvoker; }
}

/// <summary>What every started call offers, whatever its shape.</summary>
internal interface IStartedCall : IDisposable
{
    Task<Metadata> ResponseHeadersAsync { get; }
    Status GetStatus();
    Metadata GetTrailers();
}

internal abstract class AsyncCall(IStartedCall call) : IDisposable
{
    public Task<Metadata> ResponseHeadersAsync => call.ResponseHeadersAsync;
    public Status GetStatus() => call.GetStatus();
    public Metadata GetTrailers() => call.GetTrailers();
    public void Dispose() => call.Dispose();
}

internal sealed class AsyncUnaryCall<TResponse>(IStartedCall call, Task<TResponse> response) : AsyncCall(call)
{
    public Task<TResponse> ResponseAsync => response;
    public TaskAwaiter<TResponse> GetAwaiter() => response.GetAwaiter();
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) => response.ConfigureAwait(continueOnCapturedContext);
}

internal sealed class AsyncServerStreamingCall<TResponse>(IStartedCall call, IAsyncStreamReader<TResponse> stream) : AsyncCall(call)
{
    public IAsyncStreamReader<TResponse> ResponseStream => stream;
}

internal sealed class AsyncClientStreamingCall<TRequest, TResponse>(IStartedCall call, IClientStreamWriter<TRequest> stream, Task<TResponse> response) : AsyncCall(call)
{
    public IClientStreamWriter<TRequest> RequestStream => stream;
    public Task<TResponse> ResponseAsync => response;
    public TaskAwaiter<TResponse> GetAwaiter() => response.GetAwaiter();
}

internal sealed class AsyncDuplexStreamingCall<TRequest, TResponse>(IStartedCall call, IClientStreamWriter<TRequest> requests, IAsyncStreamReader<TResponse> responses) : AsyncCall(call)
{
    public IClientStreamWriter<TRequest> RequestStream => requests;
    public IAsyncStreamReader<TResponse> ResponseStream => responses;
}
