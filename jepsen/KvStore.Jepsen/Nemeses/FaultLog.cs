using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Nemeses;

/// <summary>What was done to the cluster, and when. Thread-safe.</summary>
internal sealed class FaultLog(Recorder recorder)
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];

    /// <param name="nemesis">Who does it.</param>
    /// <param name="what">For people: "kill node 2".</param>
    /// <param name="leaderless">Groups whose leader it kills.</param>
    public Fault Begin(string nemesis, string what, IReadOnlyList<ulong>? leaderless = null)
    {
        var fault = new Fault(nemesis, what, recorder.Now) { LeaderlessGroups = leaderless ?? [] };
        lock (_gate) _faults.Add(fault);
        return fault;
    }

    public void End(Fault fault) => fault.End ??= recorder.Now;

    public IReadOnlyList<Fault> All()
    {
        lock (_gate) return [.. _faults];
    }

    /// <summary>What goes on now, for people.</summary>
    public string Now()
    {
        lock (_gate) return string.Join("; ", _faults.Where(f => f.End is null).Select(f => f.What));
    }
}
