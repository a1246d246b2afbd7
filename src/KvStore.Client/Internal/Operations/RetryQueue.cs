using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Operations;

/// <summary>Operations between two attempts. Thread-safe.</summary>
internal sealed class RetryQueue
{
    private readonly Lock _gate = new();
    private readonly List<Operation> _waiting = [];
    private List<Operation> _waitingForMap = [];

    /// <summary>Keeps an operation until it is due.</summary>
    public void Add(Operation operation, long dueAt)
    {
        operation.DueAt = dueAt;
        lock (_gate) _waiting.Add(operation);
    }

    /// <summary>Keeps an operation until the next cluster map has come, however long that takes.</summary>
    public void AddUntilMap(Operation operation)
    {
        lock (_gate) _waitingForMap.Add(operation);
    }

    public List<Operation> TakeWaitingForMap()
    {
        lock (_gate)
        {
            var taken = _waitingForMap;
            _waitingForMap = [];
            return taken;
        }
    }

    /// <summary>Makes all pauses end now.</summary>
    public void HurryAll()
    {
        lock (_gate)
        {
            foreach (var operation in _waiting) operation.DueAt = long.MinValue;
        }
    }

    /// <returns>Whether any operation is left.</returns>
    public bool TakeExpired(long now, List<Operation> expired)
    {
        lock (_gate)
        {
            WaitingList.TakeExpired(_waiting, now, expired);
            WaitingList.TakeExpired(_waitingForMap, now, expired);
            return _waiting.Count > 0 || _waitingForMap.Count > 0;
        }
    }

    /// <summary>Whether any operation waits for another leader to be known, or the old one to answer.</summary>
    public bool AwaitsLeader
    {
        get
        {
            lock (_gate) return _waiting.Exists(static o => o.LastFailure?.Code is ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.DeadlineExceeded);
        }
    }

    public void TakeDue(long now, List<Operation> due)
    {
        lock (_gate)
        {
            foreach (var operation in _waiting)
                if (operation.DueAt <= now) due.Add(operation);
            _waiting.RemoveAll(o => o.DueAt <= now);
        }
    }
}
