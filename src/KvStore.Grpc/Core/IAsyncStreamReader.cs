namespace Grpc.Core;

/// <summary>Messages that arrive. One read at a time: a second one throws <see cref="InvalidOperationException"/>.</summary>
internal interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> brought.</summary>
    T Current { get; }

    /// <summary>True with the next message in <see cref="Current"/>; false at the end of the stream.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
