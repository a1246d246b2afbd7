using KvStore.Node.Workers;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>The workers of one virtual node: nothing runs but by <see cref="RunOne"/>.</summary>
internal sealed class VirtualWorkerHost : IWorkerHost
{
    private readonly List<Slot> _slots = [];
    private bool _stopped;

    private sealed class Slot(IWorker worker) : IWakeup
    {
        public IWorker Worker { get; } = worker;
        public bool Woken { get; set; } = true;
        public MonotonicTime? Due { get; set; }
        public void Wake() => Woken = true;
    }

    public IWakeup Start(IWorker worker)
    {
        var slot = new Slot(worker);
        _slots.Add(slot);
        return slot;
    }

    public void Stop() => _stopped = true;

    /// <summary>Workers whose name begins so do not run: a stalled thread.</summary>
    public string? Stalled { get; set; }

    public int Runnable(MonotonicTime now) => _stopped ? 0 : _slots.Count(slot => IsRunnable(slot, now));

    /// <summary>Runs the n-th runnable worker for one turn.</summary>
    public string RunOne(int n, MonotonicTime now)
    {
        var slot = _slots.Where(slot => IsRunnable(slot, now)).ElementAt(n);
        slot.Woken = false;
        slot.Due = slot.Worker.Run();
        return slot.Worker.Name;
    }

    public MonotonicTime? NextDue() => _stopped ? null : _slots.Where(slot => slot.Due is not null && !IsStalled(slot)).Select(slot => slot.Due).Min();

    private bool IsRunnable(Slot slot, MonotonicTime now) => !IsStalled(slot) && (slot.Woken || slot.Due <= now);

    private bool IsStalled(Slot slot) => Stalled is { } stalled && slot.Worker.Name.StartsWith(stalled, StringComparison.Ordinal);
}
