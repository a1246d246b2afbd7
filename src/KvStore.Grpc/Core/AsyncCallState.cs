namespace Grpc.Core;

/// <summary>How a call object reaches the call behind it: static delegates over one state object, so that starting a call allocates no closures.</summary>
internal readonly struct AsyncCallState(
    Func<object, Task<Metadata>> responseHeaders, Func<object, Status> getStatus, Func<object, Metadata> getTrailers, Action<object> dispose, object state)
{
    public Task<Metadata> ResponseHeadersAsync() => responseHeaders(state);

    public Status GetStatus() => getStatus(state);

    public Metadata GetTrailers() => getTrailers(state);

    public void Dispose() => dispose(state);
}
