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

    /// <summary>Of a connection that only a crowd of calls needed.</summary>
    private static readonly TimeSpan FurtherIdleTimeout = TimeSpan.FromMinutes(1);

    private readonly ConnectionSpread _connections;
    private readonly Uri _address;

    /// <summary>By reference: generated code holds one instance of each method, and parsing a <see cref="Uri"/> for each call is dear.</summary>
    private readonly ConcurrentDictionary<IMethod, Uri> _methodAddresses = new();

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        _address = address;
        Options = options;
        var isOurs = options.HttpHandler is null;
        _connections = new ConnectionSpread(new ChannelConnection(options.HttpHandler ?? CreateHandler(), isOurs), isOurs ? CreateFurtherHandler : null);
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

    public void Dispose() => _connections.Dispose();

    internal Uri AddressOf(IMethod method) => _methodAddresses.GetOrAdd(method, static (method, address) => new Uri(address, method.FullName), _address);

    /// <summary>Where a new call goes, until it leaves.</summary>
    internal ChannelConnection Enter() => _connections.Enter();

    private static SocketsHttpHandler CreateFurtherHandler()
    {
        var handler = CreateHandler();
        handler.PooledConnectionIdleTimeout = FurtherIdleTimeout;
        return handler;
    }
}
