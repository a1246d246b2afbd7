using System.Runtime.CompilerServices;

namespace Grpc.Core;

[Flags] internal enum WriteFlags { None = 0, BufferHint = 1, NoCompress = 2 }
internal sealed class WriteOptions(WriteFlags flags = WriteFlags.None)
{
    public static readonly WriteOptions Default = new();
    public WriteFlags Flags { get; } = flags;
}

internal interface IAsyncStreamReader<out T> { T Current { get; } Task<bool> MoveNext(CancellationToken cancellationToken); }
internal interface IAsyncStreamWriter<in T> { WriteOptions? WriteOptions { get; set; } Task WriteAsync(T message); Task WriteAsync(T message, CancellationToken cancellationToken); }
internal interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;
internal interface IClientStreamWriter<in T> : IAsyncStreamWriter<T> { Task CompleteAsync(); }

internal static class AsyncStreamReaderExtensions
{
    public static Task<bool> MoveNext<T>(this IAsyncStreamReader<T> reader) => reader.MoveNext(CancellationToken.None);
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(this IAsyncStreamReader<T> reader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await reader.MoveNext(cancellationToken).ConfigureAwait(false)) yield return reader.Current;
    }
}
