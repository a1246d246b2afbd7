namespace Grpc.Net.Client;

/// <summary>One of a channel's HTTP/2 connections, with the calls that are under way on it.</summary>
internal sealed class ChannelConnection(HttpMessageHandler handler, bool ownsHandler) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(handler, ownsHandler);
    private int _calls;

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Counts a call, unless there would be more than <paramref name="limit"/>.</summary>
    public bool TryEnter(int limit)
    {
        if (Interlocked.Increment(ref _calls) <= limit) return true;
        Leave();
        return false;
    }

    /// <summary>A call that was counted has ended.</summary>
    public void Leave() => Interlocked.Decrement(ref _calls);

    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _http.SendAsync(request, cancellationToken);

    public void Dispose() => _http.Dispose();
}
