using KvStore.Node.Replicas;
using KvStore.Raft;

namespace KvStore.Node.Reads;

/// <summary>
/// ReadIndex rounds of one replica, on its loop. One round is under way at a time and serves every read that had arrived when it began; those that arrive later wait for
/// the next one, since only a round that began after a read's arrival makes it linearizable.
/// </summary>
internal sealed class ReadRounds(GroupReplica replica, ulong firstRequestId, TimeSpan retryAfter)
{
    /// <summary>Reads that wait in one group beyond this are refused at once.</summary>
    private const int WaitingMax = 1 << 16;

    private List<ReadWaiter> _arrived = [];
    private List<ReadWaiter> _inRound = [];

    /// <summary>Starts at a random number in every process, so that an answer to the process before this one is not taken for an answer to this one.</summary>
    private ulong _requestId = firstRequestId;
    private MonotonicTime _began;

    public bool IsEmpty => _arrived.Count == 0 && _inRound.Count == 0;

    public void Add(ReadWaiter waiter)
    {
        if (_arrived.Count >= WaitingMax)
            waiter.Fail(new NodeError(NodeErrorCode.ResourceExhausted, $"{WaitingMax} reads already wait in group {replica.Group}") { RetryAfter = TimeSpan.FromMilliseconds(100) });
        else
            _arrived.Add(waiter);
    }

    /// <summary>Begins the next round, or begins the current one anew when its answer must be lost.</summary>
    public void Begin(RaftNode raft, MonotonicTime now)
    {
        if (_inRound.Count > 0)
        {
            if (now - _began < retryAfter) return;
            _inRound.RemoveAll(static waiter => waiter.IsDone);
        }
        if (_inRound.Count == 0)
        {
            if (_arrived.Count == 0) return;
            (_arrived, _inRound) = (_inRound, _arrived);
        }
        _began = now;
        _requestId++;
        raft.ReadIndex(_requestId, now);
    }

    /// <summary>The waiters of the round with their index set, to be handed to the applied state; empty when the answer is an old one or a failure.</summary>
    public IReadOnlyList<ReadWaiter> Answer(ReadState state)
    {
#if PLANTED
        if (!Plants.Has(PlantedBug.ReadAnswerReused) || _inRound.Count == 0)
#endif
        if (state.RequestId != _requestId || _inRound.Count == 0) return [];
        var answered = _inRound;
        _inRound = [];
        if (state.Failed)
        {
            var error = replica.View.Leader == NodeId.None
                ? new NodeError(NodeErrorCode.Unavailable, $"group {replica.Group} has no leader that this node knows") { RetryAfter = TimeSpan.FromMilliseconds(50) }
                : replica.NotLeaderError();
            foreach (var waiter in answered) waiter.Fail(error);
            return [];
        }
        foreach (var waiter in answered)
        {
            waiter.Index = state.Index;
            waiter.RoundBegan = _began;
        }
        return answered;
    }

    public void Fail(NodeError error)
    {
        foreach (var waiter in _inRound) waiter.Fail(error);
        foreach (var waiter in _arrived) waiter.Fail(error);
        _inRound.Clear();
        _arrived.Clear();
    }
}
