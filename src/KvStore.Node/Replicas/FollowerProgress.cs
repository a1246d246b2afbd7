using KvStore.Raft;

namespace KvStore.Node.Replicas;

/// <summary>How far the others have acknowledged a leader's log, read from their answers: decides how much log is kept and who is a good next leader.</summary>
internal sealed class FollowerProgress
{
    private readonly SortedDictionary<ReplicaId, LogIndex> _matched = [];

    public void Clear() => _matched.Clear();

    public void Observe(RaftMessage message, Term term)
    {
        if (message.Kind != MessageKind.AppendEntriesResponse || message.Reject || message.Term != term) return;
        if (!_matched.TryGetValue(message.From, out var known) || known < message.Index) _matched[message.From] = message.Index;
    }

    /// <summary>What every other member has; 0 when one has not answered yet.</summary>
    public LogIndex Slowest(Configuration configuration, ReplicaId self)
    {
        var others = configuration.Members().Where(member => member != self).ToArray();
        return others.Length == 0 ? new LogIndex(ulong.MaxValue) : others.Min(Of);
    }

    /// <summary>The other voter with the longest log; the lowest id among equals.</summary>
    public ReplicaId Furthest(Configuration configuration, ReplicaId self) =>
        configuration.Voters.Where(voter => voter != self).OrderByDescending(Of).ThenBy(voter => voter).First();

    private LogIndex Of(ReplicaId replica) => _matched.TryGetValue(replica, out var index) ? index : LogIndex.None;
}
