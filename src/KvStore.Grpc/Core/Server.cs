namespace Grpc.Core;

internal abstract class ServerCallContext
{
    private Dictionary<object, object>? _userState;
    public abstract string Method { get; }
    public abstract string Host { get; }
    public abstract string Peer { get; }
    public abstract DateTime Deadline { get; }
    public abstract Metadata RequestHeaders { get; }
    public abstract Metadata ResponseTrailers { get; }
    public abstract CancellationToken CancellationToken { get; }
    public Status Status { get; set; } = Status.DefaultSuccess;
    public WriteOptions? WriteOptions { get; set; }
    public IDictionary<object, object> UserState => _userState ??= [];
    public abstract Task WriteResponseHeadersAsync(Metadata responseHeaders);
}

internal delegate Task<TResponse> UnaryServerMethod<TRequest, TResponse>(TRequest request, ServerCallContext context);
internal delegate Task<TResponse> ClientStreamingServerMethod<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context);
internal delegate Task ServerStreamingServerMethod<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context);
internal delegate Task DuplexStreamingServerMethod<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context);

[AttributeUsage(AttributeTargets.Class)]
internal sealed class BindServiceMethodAttribute(Type bindType, string bindMethodName) : Attribute
{
    public Type BindType { get; } = bindType;
    public string BindMethodName { get; } = bindMethodName;
}

internal abstract class ServiceBinderBase
{
    public abstract void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) where TRequest : class where TResponse : class;
    public abstract void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) where TRequest : class where TResponse : class;
    public abstract void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) where TRequest : class where TResponse : class;
    public abstract void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) where TRequest : class where TResponse : class;
}

/// <summary>The methods of one service instance, as the generated <c>BindService(impl)</c> returns them.</summary>
internal sealed class ServerServiceDefinition
{
    private readonly List<Action<ServiceBinderBase>> _methods;
    private ServerServiceDefinition(List<Action<ServiceBinderBase>> methods) => _methods = methods;
    public static Builder CreateBuilder() => new();
    public void BindService(ServiceBinderBase binder) { foreach (var add in _methods) add(binder); }

    public sealed class Builder
    {
        private readonly List<Action<ServiceBinderBase>> _methods = [];
        public Builder AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse> handler) where TRequest : class where TResponse : class => Add(b => b.AddMethod(method, handler));
        public Builder AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse> handler) where TRequest : class where TResponse : class => Add(b => b.AddMethod(method, handler));
        public Builder AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse> handler) where TRequest : class where TResponse : class => Add(b => b.AddMethod(method, handler));
        public Builder AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse> handler) where TRequest : class where TResponse : class => Add(b => b.AddMethod(method, handler));
        public ServerServiceDefinition Build() => new(_methods);
        private Builder Add(Action<ServiceBinderBase> add) { _methods.Add(add); return this; }
    }
}
