using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace KvStore.Server.Hosting;

/// <summary>The log of a node process: one line a message on standard output. A reader that stops reading loses lines; it never blocks the node.</summary>
internal static class ConsoleLogging
{
    private const int QueuedMessagesMax = 10_000;

    public static ILoggerFactory Create() => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddConsole(console =>
        {
            console.MaxQueueLength = QueuedMessagesMax;
            console.QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite;
        })
        .AddSimpleConsole(format =>
        {
            format.SingleLine = true;
            format.UseUtcTimestamp = true;
            format.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
            format.ColorBehavior = LoggerColorBehavior.Disabled;
        }));
}
