namespace Grpc.Net.Client;

/// <summary>A request stream without its message type.</summary>
internal interface IRequestStream
{
    /// <summary>Lets go of a writer that waits for a stream which will not open.</summary>
    void CallFailed();
}
