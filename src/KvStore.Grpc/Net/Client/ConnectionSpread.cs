namespace Grpc.Net.Client;

/// <summary>
/// The connections of a channel: one, until it has a hundred calls, then another one. A server may allow a thousand streams on a connection and still keep no more than a hundred of
/// them for reuse, as Kestrel does: every further call then makes a stream and drops it (docs/performance.md).
/// </summary>
internal sealed class ConnectionSpread : IDisposable
{
    internal const int CallsPerConnection = 100;

    /// <summary>Beyond so many, calls go to the connection that has the fewest.</summary>
    internal const int ConnectionsMax = 8;

    private readonly Func<HttpMessageHandler>? _further;
    private readonly Lock _growing = new();

    /// <summary>Never changed in place.</summary>
    private ChannelConnection[] _connections;

    private bool _disposed;

    /// <param name="further">Makes the handlers of further connections; null when all calls have to share the first.</param>
    public ConnectionSpread(ChannelConnection first, Func<HttpMessageHandler>? further) => (_connections, _further) = ([first], further);

    /// <summary>The connection of a new call, which leaves it when it ends.</summary>
    public ChannelConnection Enter()
    {
        var connections = Volatile.Read(ref _connections);
        foreach (var connection in connections)
        {
            if (connection.TryEnter(CallsPerConnection))
                return connection;
        }

        var entered = TryGrow(connections.Length) ?? connections.MinBy(static connection => connection.Calls)!;
        entered.TryEnter(int.MaxValue);
        return entered;
    }

    public void Dispose()
    {
        lock (_growing)
        {
            _disposed = true;
            foreach (var connection in _connections)
                connection.Dispose();
        }
    }

    /// <summary>Another connection, or the one that another thread has just added; null when there may be no more.</summary>
    private ChannelConnection? TryGrow(int seen)
    {
        if (_further is null || seen >= ConnectionsMax)
            return null;
        lock (_growing)
        {
            if (_disposed)
                return null;
            if (_connections.Length == seen)
                Volatile.Write(ref _connections, [.. _connections, new ChannelConnection(_further(), ownsHandler: true)]);
            return _connections[^1];
        }
    }
}
