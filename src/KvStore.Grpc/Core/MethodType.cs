namespace Grpc.Core;

/// <summary>The four shapes of a call.</summary>
internal enum MethodType
{
    Unary,
    ClientStreaming,
    ServerStreaming,
    DuplexStreaming,
}
