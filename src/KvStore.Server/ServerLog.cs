using Microsoft.Extensions.Logging;

namespace KvStore.Server;

internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "Node {Node} serves clients on {Client}, peers on {Peer}, HTTP on {Http}; data in {Directory}.")]
    public static partial void Started(ILogger logger, ulong node, string client, string peer, string http, string directory);

    [LoggerMessage(2, LogLevel.Information, "Stopping.")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Critical, "The node stops: {Where} failed.")]
    public static partial void Failed(ILogger logger, string where, Exception exception);

#if PLANTED
    [LoggerMessage(4, LogLevel.Critical, "THIS BUILD HAS PLANTED BUGS AND LOSES DATA ON PURPOSE. In force: {Bugs}.")]
    public static partial void Planted(ILogger logger, string bugs);
#endif
}
