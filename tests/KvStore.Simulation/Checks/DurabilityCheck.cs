using KvStore.Raft;

namespace KvStore.Simulation.Checks;

/// <summary>A replica that told others that it holds entries still holds them after every crash; and it does not say so of entries that it does not have.</summary>
internal sealed class DurabilityCheck(Findings findings, Func<ObservedReplica, bool> isDamaged) : ReplicaCheck("acknowledged entries are durable", findings)
{
    public override void Sent(ObservedReplica replica, in SentMessage message)
    {
        if (message.Kind != MessageKind.AppendEntriesResponse || message.Reject) return;
        // Spoken in an older term, for a log that a newer leader has replaced since: as good as a message that was long on its way.
        if (replica.TermAt(replica.Last) > message.Term) return;
        var index = message.Index;
        if (index > replica.Last) Report($"{replica} acknowledges entry {index}, though its log ends at {replica.Last}");
        else if (index > replica.Acknowledged) replica.Acknowledged = index;
    }

    public override void Started(ObservedReplica replica, RaftStart start)
    {
        if (isDamaged(replica)) return;
        var last = start.SnapshotIndex + (ulong)start.Entries.Count;
        if (last < replica.Acknowledged) Report($"{replica} starts with a log that ends at {last}, though it had acknowledged entry {replica.Acknowledged}");
        foreach (var entry in start.Entries)
        {
            if (entry.Index > replica.Acknowledged) return;
            if (replica.TermAt(entry.Index) is var term && term != Term.None && term != entry.Term)
            {
                Report($"{replica} starts with entry {entry.Index} of term {entry.Term}, though it had acknowledged that of term {term}");
                return;
            }
        }
    }
}
