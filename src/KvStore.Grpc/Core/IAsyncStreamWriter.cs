namespace Grpc.Core;

/// <summary>Messages that leave. One write at a time: a second one throws <see cref="InvalidOperationException"/>.</summary>
internal interface IAsyncStreamWriter<in T>
{
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Ends when the message is handed to the transport and there is room for another one.</summary>
    Task WriteAsync(T message);

    /// <inheritdoc cref="WriteAsync(T)"/>
    Task WriteAsync(T message, CancellationToken cancellationToken);
}
