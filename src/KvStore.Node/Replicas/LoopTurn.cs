using KvStore.Node.Transport;
using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>What one turn of a loop gathers from all its replicas: one frame a node, one submission to the WAL writer.</summary>
internal sealed class LoopTurn(OutgoingFrames frames)
{
    public OutgoingFrames Frames { get; } = frames;

    public required WalSubmission Wal { get; set; }

    /// <summary>One time for the whole turn.</summary>
    public MonotonicTime Now { get; set; }
}
