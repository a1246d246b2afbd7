namespace Grpc.Core;

/// <summary>A remote method, without its message types.</summary>
internal interface IMethod
{
    MethodType Type { get; }

    /// <summary>Package and service: <c>kvstore.v1.Kv</c>.</summary>
    string ServiceName { get; }

    string Name { get; }

    /// <summary>The HTTP/2 path: <c>/kvstore.v1.Kv/Get</c>.</summary>
    string FullName { get; }
}
