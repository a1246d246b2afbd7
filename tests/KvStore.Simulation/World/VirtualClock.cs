using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>Virtual time, and what is to happen at some time of it, in order. It is nobody's clock: each node has one of its own (<see cref="NodeClock"/>).</summary>
internal sealed class VirtualClock
{
    /// <summary>
    /// A heap: no event is before its parent. Comparing by hand is what a run spends less on than on any queue of the library; and the actions stay where they are, because to move a
    /// reference costs more than to move numbers.
    /// </summary>
    private Event[] _events = new Event[64];
    private int _count;
    private long _sequence;
    private Action?[] _actions = new Action?[64];
    private readonly Stack<int> _freePlaces = new(Enumerable.Range(0, 64));

    private readonly record struct Event(long Time, long Sequence, int Place)
    {
        public bool IsBefore(in Event other) => Time < other.Time || (Time == other.Time && Sequence < other.Sequence);
    }

    public MonotonicTime Now { get; private set; } = new(1_000_000_000);

    public void At(MonotonicTime time, Action action)
    {
        if (_count == _events.Length) Grow();
        var added = new Event(time.Nanoseconds, _sequence++, _freePlaces.Pop());
        _actions[added.Place] = action;
        var place = _count++;
        for (int parent; place > 0 && added.IsBefore(_events[parent = (place - 1) / 2]); place = parent) _events[place] = _events[parent];
        _events[place] = added;
    }

    public void After(TimeSpan delay, Action action) => At(Now + delay, action);

    public MonotonicTime? NextEvent => _count > 0 ? new MonotonicTime(_events[0].Time) : null;

    public void Advance(MonotonicTime to)
    {
        if (to > Now) Now = to;
    }

    /// <summary>Runs one event that is due.</summary>
    public bool RunDue()
    {
        if (_count == 0 || _events[0].Time > Now.Nanoseconds) return false;
        var place = _events[0].Place;
        RemoveFirst();
        var action = _actions[place]!;
        _actions[place] = null;
        _freePlaces.Push(place);
        action();
        return true;
    }

    private void RemoveFirst()
    {
        var last = _events[--_count];
        var place = 0;
        for (int child; (child = 2 * place + 1) < _count; place = child)
        {
            if (child + 1 < _count && _events[child + 1].IsBefore(_events[child])) child++;
            if (!_events[child].IsBefore(last)) break;
            _events[place] = _events[child];
        }
        _events[place] = last;
    }

    private void Grow()
    {
        for (var place = _count; place < 2 * _count; place++) _freePlaces.Push(place);
        Array.Resize(ref _events, 2 * _count);
        Array.Resize(ref _actions, 2 * _count);
    }
}
