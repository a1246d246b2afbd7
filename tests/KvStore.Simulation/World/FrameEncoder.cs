using System.Buffers;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using KvStore.Node.Peer;

namespace KvStore.Simulation.World;

/// <summary>
/// Frames as bytes. A chunk of a snapshot that nobody answers for is sent twice a second, and is the largest that is sent at all: from its second time on its bytes are kept, for as long as its
/// sender keeps the chunk.
/// </summary>
internal sealed class FrameEncoder
{
    /// <summary>Written to first, because the size of a message is known only after it was gone through once more.</summary>
    private readonly ArrayBufferWriter<byte> _written = new(16 << 10);
    private readonly ConditionalWeakTable<SnapshotChunk, SentChunk> _chunks = [];

    public EncodedFrame Encode(PeerFrame frame)
    {
        if (!IsChunkAlone(frame)) return EncodedFrame.Pooled(Write(frame));
        if (!_chunks.TryGetValue(frame.Chunks[0], out var sent))
        {
            _chunks.Add(frame.Chunks[0], new SentChunk());
            return EncodedFrame.Pooled(Write(frame));
        }
        return sent.Frame ??= EncodedFrame.Kept(Write(frame));
    }

    private ReadOnlySpan<byte> Write(PeerFrame frame)
    {
        _written.ResetWrittenCount();
        frame.WriteTo(_written);
        return _written.WrittenSpan;
    }

    private static bool IsChunkAlone(PeerFrame frame) =>
        frame.Chunks.Count == 1 && frame.Messages.Count + frame.Hashes.Count + frame.Acknowledgements.Count + frame.Calls.Count + frame.Replies.Count == 0;

    private sealed class SentChunk
    {
        public EncodedFrame? Frame { get; set; }
    }
}
