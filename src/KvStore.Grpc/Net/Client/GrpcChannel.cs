using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>HTTP/2 connections to one address: <c>http://</c> speaks HTTP/2 without TLS and without negotiation, <c>https://</c> with TLS. Thread-safe; share it.</summary>
internal sealed class GrpcChannel : ChannelBase, IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Other implementations end a connection that pings more often than they like; none objects to once a minute.</summary>
    private static readonly TimeSpan KeepAlivePingDelay = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan KeepAlivePingTimeout = TimeSpan.FromSeconds(20);

    private readonly HttpMessageInvoker _http;
    private readonly Uri _address;

    /// <summary>By reference: generated code holds one instance of each method, and parsing a <see cref="Uri"/> for each call is dear.</summary>
    private readonly ConcurrentDictionary<IMethod, Uri> _methodAddresses = new();

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        _address = address;
        Options = options;
        _http = new HttpMessageInvoker(options.HttpHandler ?? CreateHandler(), disposeHandler: options.HttpHandler is null);
    }

    internal GrpcChannelOptions Options { get; }

    /// <summary>Makes a channel; nothing connects before the first call.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <inheritdoc cref="ForAddress(string)"/>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    /// <inheritdoc cref="ForAddress(string)"/>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions) => new(address, channelOptions);

    /// <summary>The handler that a channel uses by itself, as a starting point for one with TLS settings.</summary>
    public static SocketsHttpHandler CreateHandler() => new()
    {
        EnableMultipleHttp2Connections = true,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        KeepAlivePingDelay = KeepAlivePingDelay,
        KeepAlivePingTimeout = KeepAlivePingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
    };

    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    public void Dispose() => _http.Dispose();

    internal Uri AddressOf(IMethod method) => _methodAddresses.GetOrAdd(method, static (method, address) => new Uri(address, method.FullName), _address);

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _http.SendAsync(request, cancellationToken);
}
