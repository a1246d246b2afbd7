using System.Buffers;
using Google.Protobuf;
using KvStore.Node.Commands;

namespace KvStore.Node.StateMachine;

/// <summary>
/// Writes a <c>kvstore.node.EntryPayload</c> from parts that are already serialized, so that a leader folds the batches of its callers into one entry by
/// copying bytes. One writer serves one loop: <see cref="Begin"/>, any number of Add, <see cref="Finish"/>, and again. At most one OpenSession and one CreateRange an entry
/// (their ids are its log index).
/// </summary>
public sealed class EntryPayloadWriter
{
    private const int VarintBytesMax = 10;
    private readonly ArrayBufferWriter<byte> buffer = new(4096);

    /// <summary>Bytes written since Begin.</summary>
    public int Length => buffer.WrittenCount;

    /// <param name="groupTimeMicroseconds">The previous entry's group time plus the proposer's own monotonic time since it appended or received that one.</param>
    public void Begin(ulong groupTimeMicroseconds)
    {
        buffer.ResetWrittenCount();
        WriteVarint(EntryPayloadView.GroupTimeTag);
        WriteVarint(groupTimeMicroseconds);
    }

    /// <param name="rangeCommands">Serialized <c>RangeCommands</c>, validated.</param>
    public void Add(ReadOnlySpan<byte> rangeCommands)
    {
        WriteVarint(EntryPayloadView.RangeCommandsTag);
        WriteVarint((ulong)rangeCommands.Length);
        buffer.Write(rangeCommands);
    }

    public void Add(GroupCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var size = command.CalculateSize();
        WriteVarint(EntryPayloadView.GroupCommandTag);
        WriteVarint((ulong)size);
        command.WriteTo(buffer.GetSpan(size)[..size]);
        buffer.Advance(size);
    }

    /// <summary>The payload, a copy that the entry may keep.</summary>
    public byte[] Finish() => buffer.WrittenSpan.ToArray();

    private void WriteVarint(ulong value)
    {
        var span = buffer.GetSpan(VarintBytesMax);
        var length = 0;
        for (; value >= 0x80; value >>= 7) span[length++] = (byte)(value | 0x80);
        span[length++] = (byte)value;
        buffer.Advance(length);
    }
}
