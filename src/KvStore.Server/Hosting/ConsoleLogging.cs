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
        // While it may log anything at all, the host makes an Activity and a scope for every request; what fails in a handler is logged by the handler's own wrapper.
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
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
