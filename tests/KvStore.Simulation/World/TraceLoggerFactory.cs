using KvStore.Raft;
using Microsoft.Extensions.Logging;

namespace KvStore.Simulation.World;

/// <summary>The log lines of the nodes in the readable trace.</summary>
internal sealed class TraceLoggerFactory(TraceLog trace, NodeId node) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the trace is the only provider");

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        trace.Line(() => $"node {node} {logLevel}: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.Message})")}");

    public void Dispose()
    {
    }
}
