namespace Grpc.Core;

/// <summary>Options of a stream's writes.</summary>
internal sealed class WriteOptions(WriteFlags flags = WriteFlags.None)
{
    public static readonly WriteOptions Default = new();

    public WriteFlags Flags { get; } = flags;
}
