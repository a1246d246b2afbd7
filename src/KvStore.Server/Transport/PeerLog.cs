using Microsoft.Extensions.Logging;

namespace KvStore.Server.Transport;

internal static partial class PeerLog
{
    [LoggerMessage(1, LogLevel.Information, "Connected to node {Node} at {Address}.")]
    public static partial void LinkUp(ILogger logger, ulong node, string address);

    [LoggerMessage(2, LogLevel.Warning, "Connection to node {Node} broke: {Reason}")]
    public static partial void LinkBroken(ILogger logger, ulong node, string reason);

    [LoggerMessage(3, LogLevel.Warning, "Node {Node} cannot be reached at {Address}: {Reason}")]
    public static partial void DialFailed(ILogger logger, ulong node, string address, string reason);

    [LoggerMessage(4, LogLevel.Error, "Refused a connection from {Remote}: {Reason}")]
    public static partial void Refused(ILogger logger, string remote, string reason);

    [LoggerMessage(5, LogLevel.Information, "A connection from a peer ended: {Reason}")]
    public static partial void ReceiveEnded(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Warning, "Accepting a peer failed: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);
}
