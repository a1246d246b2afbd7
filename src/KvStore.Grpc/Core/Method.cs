namespace Grpc.Core;

internal enum MethodType { Unary, ClientStreaming, ServerStreaming, DuplexStreaming }

internal interface IMethod
{
    MethodType Type { get; }
    string ServiceName { get; }
    string Name { get; }
    string FullName { get; }
}

internal sealed class Method<TRequest, TResponse>(MethodType type, string serviceName, string name, Marshaller<TRequest> requestMarshaller, Marshaller<TResponse> responseMarshaller) : IMethod
{
    public MethodType Type { get; } = type;
    public string ServiceName { get; } = serviceName;
    public string Name { get; } = name;
    public string FullName { get; } = $"/{serviceName}/{name}";
    public Marshaller<TRequest> RequestMarshaller { get; } = requestMarshaller;
    public Marshaller<TResponse> ResponseMarshaller { get; } = responseMarshaller;
}
