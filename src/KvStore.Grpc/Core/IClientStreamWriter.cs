namespace Grpc.Core;

/// <summary>The requests of a call, on the client.</summary>
internal interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Ends the request stream; the responses go on.</summary>
    Task CompleteAsync();
}
