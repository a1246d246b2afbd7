using KvStore.Simulation.Faults;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Running;

/// <summary>Carries out a fault plan, and can end all of it at once.</summary>
internal sealed class Nemesis(SimulationRun run, FaultPlan plan)
{
    private readonly List<(PlannedFault Fault, Action End)> _active = [];
    private bool _over;

    public int Injected { get; private set; }

    public void Start()
    {
        foreach (var fault in plan.Faults)
            if (!run.Options.WithoutFaults.Contains(fault.Number)) run.Cluster.Clock.After(fault.At, () => Begin(fault));
    }

    private void Begin(PlannedFault fault)
    {
        if (_over || run.IsHalted) return;
        var end = fault.Fault.Begin(new FaultScene(run, new VirtualRandom(fault.Seed), fault.Time));
        if (end is null) return;
        Injected++;
        run.Cluster.Trace.Event((ulong)fault.Number, fault.Seed);
        run.Cluster.Trace.Line(() => $"fault {fault.Number}: {fault.Fault.Name} for {fault.Time.TotalMilliseconds:F0} ms; down: {run.DescribeDown()}");
        if (end == FaultScene.Over) return;
        var active = (fault, end);
        _active.Add(active);
        run.Cluster.Clock.After(fault.Time, () => End(active));
    }

    private void End((PlannedFault Fault, Action End) active)
    {
        if (!_active.Remove(active)) return;
        run.Cluster.Trace.Line(() => $"fault {active.Fault.Number}: {active.Fault.Fault.Name} ends");
        active.End();
    }

    public void EndAll()
    {
        _over = true;
        while (_active.Count > 0) End(_active[0]);
    }
}
