namespace KvStore.Raft;

/// <summary>
/// Reads that a replica which does not lead forwards (dissertation §6.4): all that wait travel as one request under a fresh id, so that
/// a late answer to an earlier one is recognised.
/// </summary>
internal sealed class ForwardedReads(Replica replica, ulong firstId)
{
    private readonly Queue<Request> _sent = new();
    private List<ulong> _waiting = [];
    private ulong _nextId = firstId;
    private int _count;

    public bool HasWaiting => _waiting.Count > 0;

    public void Add(ulong requestId)
    {
        if (replica.Leader == ReplicaId.None || _count >= replica.Options.PendingReadsMax)
        {
            replica.Outbox.Answer(new ReadState(requestId, LogIndex.None, Failed: true));
            return;
        }
        _waiting.Add(requestId);
        _count++;
    }

    public void Flush()
    {
        if (_waiting.Count == 0) return;
        var request = new Request(_nextId++, replica.Now, _waiting);
        _waiting = [];
        _sent.Enqueue(request);
        replica.Outbox.Send(new RaftMessage { Kind = MessageKind.ReadIndex, From = replica.Self, To = replica.Leader, Term = replica.Term, Round = request.Id });
    }

    public void OnResponse(RaftMessage message)
    {
        // Requests older than the answered one may still be answered, so they stay.
        for (var i = _sent.Count; i > 0; i--)
        {
            var request = _sent.Dequeue();
            if (request.Id == message.Round) Answer(request.Ids, message.Index, message.Reject);
            else _sent.Enqueue(request);
        }
    }

    /// <summary>Gives up on requests without an answer, so that the asker tries again.</summary>
    public void Tick()
    {
        while (_sent.Count > 0 && replica.Now >= _sent.Peek().Since + replica.Options.ElectionTimeoutMin)
            Answer(_sent.Dequeue().Ids, LogIndex.None, failed: true);
    }

    public void Fail()
    {
        while (_sent.Count > 0) Answer(_sent.Dequeue().Ids, LogIndex.None, failed: true);
        Answer(_waiting, LogIndex.None, failed: true);
        _waiting.Clear();
    }

    private void Answer(List<ulong> ids, LogIndex index, bool failed)
    {
        _count -= ids.Count;
        foreach (var id in ids) replica.Outbox.Answer(new ReadState(id, index, failed));
    }

    private readonly record struct Request(ulong Id, MonotonicTime Since, List<ulong> Ids);
}
