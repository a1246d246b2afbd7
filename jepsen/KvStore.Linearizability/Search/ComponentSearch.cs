namespace KvStore.Linearizability.Search;

/// <summary>
/// The search of Wing and Gong with Lowe's memory of visited configurations, iterative and resumable. A configuration is the set of operations placed
/// and the state after them. Three rules cut it down without changing the answer:
/// a legal read-only operation is placed at once, since it narrows nothing;
/// an unknown operation is used only if it changes the state, and a blind write never comes right after it, since the order without it is as good;
/// a configuration is dropped when one that used fewer unknown operations is known (<see cref="VisitedSet"/>).
/// </summary>
internal sealed class ComponentSearch
{
    private const int StatesReportedMax = 8;

    /// <summary>List, stack and bit sets, roughly.</summary>
    private const long BytesPerOperation = 64;

    private readonly ComponentPlan _plan;
    private readonly IModel _model;
    private readonly int _goal;
    private readonly EventList _events;
    private readonly UnknownOperations _unknown;
    private readonly VisitedSet _visited;
    private readonly ulong[] _placed;
    private readonly Frame[] _stack;
    private readonly List<int> _furthestStates = [];

    private int _depth;
    private int _state;

    /// <summary>The highest number of a placed completed operation, or −1.</summary>
    private int _lastPlaced = -1;

    private Phase _phase = Phase.Arrive;
    private int _position;

    /// <param name="plan">The operations.</param>
    /// <param name="model">The sequential store.</param>
    /// <param name="memory">Pays for the search.</param>
    /// <param name="goal">It is found when every operation with a smaller return rank is placed.</param>
    public ComponentSearch(ComponentPlan plan, IModel model, MemoryAccount memory, int goal)
    {
        _plan = plan;
        _model = model;
        _goal = goal;
        memory.Charge(plan.Operations.Length * BytesPerOperation);
        _events = new EventList(plan);
        _unknown = new UnknownOperations(plan, model);
        _visited = new VisitedSet(memory, _unknown.Used.Length);
        _placed = new ulong[(plan.CompletedCount + 63) / 64];
        _stack = new Frame[plan.CompletedCount + _unknown.Count];
    }

    private enum Phase
    {
        /// <summary>A configuration was just reached.</summary>
        Arrive,

        /// <summary>Trying completed operations from event <see cref="_position"/> on.</summary>
        TryCompleted,

        /// <summary>Trying unknown operations from index <see cref="_position"/> on.</summary>
        TryUnknown,

        /// <summary>Nothing is left to try here.</summary>
        Retreat,
    }

    private enum Placement : byte
    {
        Chosen,
        ReadOnly,
        Unknown,
    }

    public IModel Model => _model;

    /// <summary>The state after all that is placed.</summary>
    public int State => _state;

    /// <summary>The highest return rank that some order of the operations before it reached.</summary>
    public int Furthest { get; private set; } = -1;

    /// <summary>Some of the states that were reached there.</summary>
    public IReadOnlyList<int> FurthestStates => _furthestStates;

    public long Steps { get; private set; }

    /// <summary>The operations placed, in order, with the state after each.</summary>
    public IEnumerable<(int Operation, int State)> Placed()
    {
        for (var i = 0; i < _depth; i++)
        {
            var operation = _stack[i].Placement is Placement.Unknown ? _unknown.NumberOf(_stack[i].Index) : _stack[i].Index;
            yield return (operation, i + 1 < _depth ? _stack[i + 1].StateBefore : _state);
        }
    }

    /// <summary>Works until something is known or about <paramref name="steps"/> transitions were tried.</summary>
    /// <exception cref="MemoryBudgetException">The budget is used up; it may be called again when there is more.</exception>
    public SearchStatus Run(long steps)
    {
        var end = Steps + steps;
        while (Steps < end)
        {
            switch (_phase)
            {
                case Phase.Arrive:
                    if (TryArrive()) return SearchStatus.Found;
                    break;
                case Phase.TryCompleted:
                    TryCompleted();
                    break;
                case Phase.TryUnknown:
                    TryUnknown();
                    break;
                default:
                    if (!TryRetreat()) return SearchStatus.Exhausted;
                    break;
            }
        }
        return SearchStatus.Running;
    }

    /// <summary>True when the goal is reached. Safe to repeat when memory ran out in it.</summary>
    private bool TryArrive()
    {
        PlaceReads();
        Steps++;
        var blocking = _events.First == _events.Tail ? _plan.CompletedCount : _plan.ReturnRank[_events.Blocking];
        Note(blocking);
        if (blocking >= _goal) return true;
        var firstWord = _events.First >> 6;
        var window = _placed.AsSpan(firstWord..((Math.Max(_lastPlaced, _events.First) >> 6) + 1));
        var isNew = _visited.TryAdd(firstWord, window, _unknown.Used, _state);
        (_phase, _position) = isNew ? (Phase.TryCompleted, _events.First) : (Phase.Retreat, 0);
        return false;
    }

    private void PlaceReads()
    {
        for (var node = _events.First; _events.IsCall(node); node = _events.Next(node))
        {
            if (!_model.IsReadOnly(node)) continue;
            Steps++;
            if (_model.TryStep(_state, node, out _)) Place(node, _state, Placement.ReadOnly);
        }
    }

    private void Note(int blocking)
    {
        if (blocking < Furthest) return;
        if (blocking > Furthest) _furthestStates.Clear();
        Furthest = blocking;
        if (_furthestStates.Count < StatesReportedMax && !_furthestStates.Contains(_state)) _furthestStates.Add(_state);
    }

    private void TryCompleted()
    {
        var afterUnknown = IsAfterUnknown;
        for (; _events.IsCall(_position); _position = _events.Next(_position))
        {
            if (_model.IsReadOnly(_position) || (afterUnknown && _model.IsBlindWrite(_position))) continue;
            Steps++;
            if (!_model.TryStep(_state, _position, out var next)) continue;
            Place(_position, next, Placement.Chosen);
            _phase = Phase.Arrive;
            return;
        }
        (_phase, _position) = (Phase.TryUnknown, 0);
    }

    private void TryUnknown()
    {
        if (_unknown.Count > 0 && TryUnknown(_plan.ReturnOf(_events.Blocking))) return;
        _phase = Phase.Retreat;
    }

    private bool TryUnknown(long time)
    {
        var afterUnknown = IsAfterUnknown;
        for (; _position < _unknown.Count && _unknown.IsCalledBy(_position, time); _position++)
        {
            if (!_unknown.IsReady(_position)) continue;
            var operation = _unknown.NumberOf(_position);
            if (afterUnknown && _model.IsBlindWrite(operation)) continue;
            Steps++;
            if (!_model.TryStep(_state, operation, out var next) || next == _state) continue;
            _stack[_depth++] = new Frame(_position, _state, _lastPlaced, Placement.Unknown);
            _unknown.Use(_position);
            _state = next;
            _phase = Phase.Arrive;
            return true;
        }
        return false;
    }

    /// <summary>Nothing has seen what the unknown operation on top did.</summary>
    private bool IsAfterUnknown => _depth > 0 && _stack[_depth - 1].Placement is Placement.Unknown;

    private void Place(int operation, int next, Placement placement)
    {
        _stack[_depth++] = new Frame(operation, _state, _lastPlaced, placement);
        _placed[operation >> 6] |= 1UL << operation;
        _lastPlaced = Math.Max(_lastPlaced, operation);
        _events.Lift(operation);
        _state = next;
    }

    /// <summary>Takes back the last choice and what followed from it, and goes on behind it.</summary>
    private bool TryRetreat()
    {
        while (_depth > 0)
        {
            var frame = _stack[--_depth];
            (_state, _lastPlaced) = (frame.StateBefore, frame.LastPlacedBefore);
            if (frame.Placement is Placement.Unknown)
            {
                _unknown.PutBack(frame.Index);
                (_phase, _position) = (Phase.TryUnknown, frame.Index + 1);
                return true;
            }
            _placed[frame.Index >> 6] &= ~(1UL << frame.Index);
            _events.PutBack(frame.Index);
            if (frame.Placement is Placement.ReadOnly) continue;
            (_phase, _position) = (Phase.TryCompleted, _events.Next(frame.Index));
            return true;
        }
        return false;
    }

    /// <param name="Index">A completed operation's number, or an unknown one's index.</param>
    /// <param name="StateBefore">The state that it was applied to.</param>
    /// <param name="LastPlacedBefore">To restore.</param>
    /// <param name="Placement">Why it is there.</param>
    private readonly record struct Frame(int Index, int StateBefore, int LastPlacedBefore, Placement Placement);
}
