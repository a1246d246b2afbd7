namespace KvStore.Linearizability.Search;

/// <summary>
/// Calls and returns of the completed operations that are not placed yet, in order of time, as a doubly linked list. At equal times calls come
/// first, since intervals are closed. Operation i's call is node i, its return node n + i. Lifting and putting back take constant time and must nest.
/// A lifted call still knows the event after it.
/// </summary>
internal sealed class EventList
{
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int _count;

    public EventList(ComponentPlan plan)
    {
        _count = plan.CompletedCount;
        _next = new int[(2 * _count) + 2];
        _previous = new int[(2 * _count) + 2];
        var (last, call) = (Head, 0);
        foreach (var returning in plan.ByReturn)
        {
            while (call < _count && plan.Operations[call].Call <= plan.ReturnOf(returning)) last = Link(last, call++);
            last = Link(last, _count + returning);
        }
        Invariant.That(call == _count);
        Link(last, Tail);
    }

    /// <summary>The first event, or <see cref="Tail"/>.</summary>
    public int First => _next[Head];

    public int Tail => (2 * _count) + 1;

    private int Head => 2 * _count;

    public bool IsCall(int node) => node < _count;

    public int Next(int node) => _next[node];

    /// <summary>The operation whose return is the earliest one left: it must be placed before any operation that is called later.</summary>
    public int Blocking
    {
        get
        {
            var node = First;
            while (node < _count) node = _next[node];
            return node - _count;
        }
    }

    public void Lift(int operation)
    {
        Unlink(_count + operation);
        Unlink(operation);
    }

    public void PutBack(int operation)
    {
        Relink(operation);
        Relink(_count + operation);
    }

    private int Link(int last, int node)
    {
        _next[last] = node;
        _previous[node] = last;
        return node;
    }

    private void Unlink(int node)
    {
        _next[_previous[node]] = _next[node];
        _previous[_next[node]] = _previous[node];
    }

    private void Relink(int node)
    {
        _next[_previous[node]] = node;
        _previous[_next[node]] = node;
    }
}
