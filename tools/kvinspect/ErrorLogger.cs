using Microsoft.Extensions.Logging;

namespace KvStore.Inspect;

/// <summary>What the storage layer has to say goes to standard error.</summary>
internal sealed class ErrorLogger(TextWriter error) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) error.WriteLine($"kvinspect: {formatter(state, exception)}");
    }
}
