using KvStore.Raft;
using KvStore.Storage.Wal;

namespace KvStore.Node.Replicas;

/// <summary>What one turn of a loop wants durable, of all its groups, and what becomes true once it is. Reused by its loop.</summary>
internal sealed class WalSubmission(ReplicaLoop loop)
{
    public ReplicaLoop Loop { get; } = loop;
    public List<(GroupId Group, HardState State)> HardStates { get; } = [];
    public List<WalRecord> Records { get; } = [];
    public List<Acknowledgement> Acknowledgements { get; } = [];

    public bool IsEmpty => HardStates.Count == 0 && Records.Count == 0 && Acknowledgements.Count == 0;

    public void Clear()
    {
        HardStates.Clear();
        Records.Clear();
        Acknowledgements.Clear();
    }

    /// <summary>For the driver: entries up to (Last, Term) are durable, so is the hard state, and the messages may leave.</summary>
    public readonly record struct Acknowledgement(ReplicaDriver Driver, LogIndex Last, Term Term, HardState? HardState, IReadOnlyList<RaftMessage> Messages);
}
