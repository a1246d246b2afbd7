namespace Grpc.Core;

/// <summary>Hints for writing one message; the numbers are those of the public API.</summary>
[Flags]
internal enum WriteFlags
{
    None = 0,

    /// <summary>The message may wait for the next one: it leaves with the next write without this flag, when its buffer is full, or when the stream ends.</summary>
    BufferHint = 1,

    /// <summary>Accepted and without effect: messages are never compressed.</summary>
    NoCompress = 2,
}
