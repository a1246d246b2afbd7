using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>Who on this node waits for locks and who watches them. Apply workers tell what entries did; any thread comes and goes.</summary>
internal sealed class LockWaits
{
    private readonly Dictionary<(GroupId, string, ulong), List<LockWait>> waits = [];
    private readonly Dictionary<(GroupId, string), List<LockWatch>> watches = [];

    /// <summary>Guards this and its waits.</summary>
    internal Lock Gate { get; } = new();

    public LockWait Add(GroupId group, string name, ulong lease, Action<LockAnswer, NodeError?> completed)
    {
        var wait = new LockWait(this, group, name, lease, completed);
        lock (Gate)
        {
            if (!waits.TryGetValue((group, name, lease), out var list)) waits.Add((group, name, lease), list = []);
            list.Add(wait);
        }
        return wait;
    }

    public LockWatch Watch(GroupId group, string name, Action changed)
    {
        var watch = new LockWatch(this, group, name, changed);
        lock (Gate)
        {
            if (!watches.TryGetValue((group, name), out var list)) watches.Add((group, name), list = []);
            list.Add(watch);
        }
        return watch;
    }

    internal void Remove(LockWait wait)
    {
        if (!waits.TryGetValue((wait.Group, wait.Lock, wait.Lease), out var list)) return;
        list.Remove(wait);
        if (list.Count == 0) waits.Remove((wait.Group, wait.Lock, wait.Lease));
    }

    internal void Remove(LockWatch watch)
    {
        lock (Gate)
        {
            if (!watches.TryGetValue((watch.Group, watch.Lock), out var list)) return;
            list.Remove(watch);
            if (list.Count == 0) watches.Remove((watch.Group, watch.Lock));
        }
    }

    /// <summary>On the group's apply worker, after the callers of the entry had their answers.</summary>
    public void Happened(GroupId group, LogIndex index, IReadOnlyList<LockEvent> events)
    {
        foreach (var what in events)
        {
            if (what.Kind is LockEventKind.Granted or LockEventKind.Dropped)
                foreach (var wait in WaitsFor(group, what)) wait.Happened(index, what);
            if (what.Kind is LockEventKind.Granted or LockEventKind.Changed)
                foreach (var watch in WatchesOf(group, what.Lock)) watch.Changed();
        }
    }

    /// <summary>The group's state was replaced by a snapshot as of this index: what happened in between has to be read from it.</summary>
    public void Replaced(GroupId group, LogIndex index, LockTable locks)
    {
        List<LockWait> waiting;
        List<LockWatch> watching;
        lock (Gate)
        {
            waiting = [.. waits.Where(pair => pair.Key.Item1 == group).SelectMany(pair => pair.Value)];
            watching = [.. watches.Where(pair => pair.Key.Item1 == group).SelectMany(pair => pair.Value)];
        }
        foreach (var wait in waiting)
        {
            var result = locks.ResultFor(wait.Lock, wait.Lease);
            if (result is { Flag: true } held) wait.Happened(index, new LockEvent(LockEventKind.Granted, wait.Lock, wait.Lease, (ulong)held.Number));
            else if (result is null) wait.Happened(index, new LockEvent(LockEventKind.Dropped, wait.Lock, wait.Lease, 0));
        }
        foreach (var watch in watching) watch.Changed();
    }

    /// <summary>The replica of the group on this node applies nothing more.</summary>
    public void Fail(GroupId group, NodeError error)
    {
        List<LockWait> waiting;
        lock (Gate) waiting = [.. waits.Where(pair => pair.Key.Item1 == group).SelectMany(pair => pair.Value)];
        foreach (var wait in waiting) wait.Complete(default, error);
    }

    private List<LockWait> WaitsFor(GroupId group, in LockEvent what)
    {
        lock (Gate) return waits.TryGetValue((group, what.Lock, what.Lease), out var list) ? [.. list] : [];
    }

    private List<LockWatch> WatchesOf(GroupId group, string name)
    {
        lock (Gate) return watches.TryGetValue((group, name), out var list) ? [.. list] : [];
    }
}
