namespace Grpc.Core;

/// <summary>A handler with one request and a stream of responses.</summary>
internal delegate Task ServerStreamingServerMethod<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context)
    where TRequest : class where TResponse : class;
