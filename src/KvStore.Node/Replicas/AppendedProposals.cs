using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>Callers whose commands stand in one entry of the log and who wait for it to be applied.</summary>
internal sealed class AppendedProposals(LogIndex index, Term term, List<WriteBatch> batches, List<GroupProposal> groupCommands)
{
    public LogIndex Index { get; } = index;
    public Term Term { get; } = term;
    public List<WriteBatch> Batches { get; } = batches;
    public List<GroupProposal> GroupCommands { get; } = groupCommands;

    public void Fail(NodeError error)
    {
        foreach (var batch in Batches) batch.Failed(error);
        foreach (var command in GroupCommands) command.Completed(LogIndex.None, default, error);
    }
}
