namespace Grpc.Core;

/// <summary>The responses of a call, on the server.</summary>
internal interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;
