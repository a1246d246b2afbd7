using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node;

/// <summary>
/// Commands of one caller on one range, proposed together. Exactly one of <see cref="Applied"/> and <see cref="Failed"/> is called, once,
/// on a worker of the node: both must be quick and must not throw.
/// </summary>
public abstract class WriteBatch
{
    public required RangeId Range { get; init; }
    public required ulong Epoch { get; init; }
    /// <summary>Serialized <c>kvstore.node.RangeCommands</c>, validated; not written to after the proposal. Its route is (Range, Epoch).</summary>
    public required ReadOnlyMemory<byte> Commands { get; init; }
    /// <summary>How many commands it holds.</summary>
    public required int Count { get; init; }
    /// <summary>Not proposed after this time.</summary>
    public required MonotonicTime Deadline { get; init; }

    /// <summary>
    /// The fences that its commands carry, each once, as the validator found them; null without any. The node sees to it that its group can decide on them before it proposes; apply decides.
    /// </summary>
    public IReadOnlyList<WriteFence>? Fences { get; init; }

    /// <summary>The leases that its puts name, each once, as the validator found them; null without any. One of another group is made known in the range's group before the batch is proposed.</summary>
    public IReadOnlyList<LeaseId>? Leases { get; init; }

    public abstract void Applied(ReadOnlySpan<CommandResult> results);
    public abstract void Failed(NodeError error);
}
