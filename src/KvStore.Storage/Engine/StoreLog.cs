using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Engine;

internal static partial class StoreLog
{
    [LoggerMessage(1, LogLevel.Debug, "Reclaim: the log went from {Before} to {After} bytes.")]
    public static partial void Reclaimed(ILogger logger, long before, long after);
}
