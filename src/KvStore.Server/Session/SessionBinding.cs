using Grpc.Core;
using KvStore.Protocol.V1;
using KvStore.Server.Services;

namespace KvStore.Server.Session;

/// <summary>Binds the Kv service with its Session method on raw bytes instead of generated messages.</summary>
internal static class SessionBinding
{
    public static ServerServiceDefinition Bind(KvService service, SessionService sessions)
    {
        var builder = ServerServiceDefinition.CreateBuilder();
        Kv.BindService(service).BindService(new AllButSession(builder));
        builder.AddMethod(RawMessages.Session, sessions.RunAsync);
        return builder.Build();
    }

    private sealed class AllButSession(ServerServiceDefinition.Builder builder) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => builder.AddMethod(method, handler!);

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) => builder.AddMethod(method, handler!);

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) => builder.AddMethod(method, handler!);

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name != RawMessages.Session.Name) builder.AddMethod(method, handler!);
        }
    }
}
