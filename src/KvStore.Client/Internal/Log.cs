using Microsoft.Extensions.Logging;

namespace KvStore.Client.Internal;

/// <summary>All log messages of the SDK.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Error, "A node belongs to cluster {Found}, but this client talks to {Expected}; its map is ignored")]
    public static partial void OtherCluster(ILogger logger, string expected, string found);

    [LoggerMessage(2, LogLevel.Warning, "No node gave a cluster map: {Reason}")]
    public static partial void NoMap(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Warning, "The stream to {Address} ended with {Unanswered} operations unanswered: {Reason}")]
    public static partial void StreamEnded(ILogger logger, string address, int unanswered, string reason);

    [LoggerMessage(4, LogLevel.Debug, "Opened client session {Index} in group {Group}")]
    public static partial void SessionOpened(ILogger logger, ulong group, ulong index);

    [LoggerMessage(5, LogLevel.Information, "Client session {Index} of group {Group} has expired")]
    public static partial void SessionExpired(ILogger logger, ulong group, ulong index);

    [LoggerMessage(6, LogLevel.Debug, "Retrying an operation after attempt {Attempt}: {Reason}")]
    public static partial void Retrying(ILogger logger, int attempt, string reason);

    [LoggerMessage(21, LogLevel.Warning, "The lease of lock {Name} could not be revoked and will end by itself: {Reason}")]
    public static partial void LeaseLeft(ILogger logger, string name, string reason);

    [LoggerMessage(20, LogLevel.Warning, "Leases of group {Group} were not renewed, and will be tried again: {Reason}")]
    public static partial void KeepAliveFailed(ILogger logger, ulong group, string reason);

    [LoggerMessage(40, LogLevel.Warning, "{Name} could not be kept up to date and will be tried again: {Reason}")]
    public static partial void RecipeRetry(ILogger logger, string name, string reason);
}
