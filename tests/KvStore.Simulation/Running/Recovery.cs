using KvStore.Node;
using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Running;

/// <summary>The liveness phase: no more faults. First a majority is healed and has to elect, commit and converge; then everybody comes back and has to catch up.</summary>
internal sealed class Recovery(SimulationRun run)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly VirtualRandom _random = VirtualRandom.Stream(run.Seed, "recovery");

    public void Run()
    {
        if (run.IsHalted) return;
        var cluster = run.Cluster;
        cluster.Network.Heal();
        foreach (var node in cluster.Nodes) Cure(node);
        var healed = PickMajority();
        cluster.Trace.Line(() => $"nodes {string.Join(", ", healed.Select(node => node.Id))} are healed");
        foreach (var node in cluster.Nodes.Except(healed))
        {
            if (_random.Chance(50) && node.IsUp) run.Machines.CutPower(node);
            else cluster.Network.Isolate(node.Id, cluster.Nodes.Where(other => other != node).Select(other => other.Id));
        }
        WaitUntilWhole(healed);
        cluster.Network.Heal();
        foreach (var node in cluster.Nodes) run.Machines.Start(node);
        var all = cluster.Nodes.Where(node => !run.Machines.IsDamaged(node)).ToList();
        cluster.Trace.Line(() => "all nodes are healed");
        WaitUntilWhole(all);
        run.WaitForClients();
    }

    private void Cure(VirtualNode node)
    {
        node.Workers.Stalled = null;
        node.Disk.StopAtOperation = 0;
        node.PauseInside(0, TimeSpan.Zero);
        node.Clock.SetRate(NodeClock.TrueRate);
        run.Machines.Start(node);
    }

    /// <summary>A majority of the nodes that holds a majority of each group; nodes with damaged files do not count.</summary>
    private List<VirtualNode> PickMajority()
    {
        var healthy = run.Cluster.Nodes.Where(node => !run.Machines.IsDamaged(node)).ToList();
        for (var i = healthy.Count - 1; i > 0; i--)
        {
            var j = _random.Next(i + 1);
            (healthy[i], healthy[j]) = (healthy[j], healthy[i]);
        }
        var size = run.Cluster.Nodes.Count / 2 + 1;
        while (size < healthy.Count && !HoldsMajorities(healthy[..size])) size++;
        return healthy[..Math.Min(size, healthy.Count)];
    }

    private bool HoldsMajorities(List<VirtualNode> nodes) =>
        run.KnownMap is not { } map || map.Groups.All(group => group.Replicas.Count(replica => nodes.Any(node => node.Id == replica.Node)) > group.Replicas.Count / 2);

    private void WaitUntilWhole(List<VirtualNode> nodes)
    {
        WaitUntilReady(nodes);
        if (run.IsHalted) return;
        foreach (var range in run.Cluster.Map.Ranges.ToList()) Commit(range);
        foreach (var group in run.Cluster.Map.Groups) Converge(group.Id, nodes);
    }

    public void WaitUntilReady(IReadOnlyList<VirtualNode> nodes) => Wait(() => nodes.All(node => node.IsUp && node.Node.NotReadyReason is null),
        () => string.Join("; ", nodes.Select(node => $"node {node.Id}: {(node.IsUp ? node.Node.NotReadyReason ?? "ready" : "down")}")));

    /// <summary>A write to each range goes through at the first or a later attempt.</summary>
    private void Commit(Node.Placement.RangeDescriptor range)
    {
        var done = false;
        Attempt();
        Wait(() => done, () => $"range {range.Id} takes no write");

        async void Attempt()
        {
            var key = range.Start.Length > 0 ? System.Text.Encoding.UTF8.GetString(range.Start.Span) + "~" : "A";
            while (!done && !run.IsHalted)
            {
                if (run.Cluster.LeaderOf(range.Group) is { } leader)
                {
                    var batch = VirtualBatch.Of(range, leader.Clock.Now + TimeSpan.FromSeconds(5), null, VirtualBatch.Put(key, "healed"));
                    leader.Node.Propose(batch);
                    try
                    {
                        await batch.Done;
                        done = true;
                    }
                    catch (NodeException refused)
                    {
                        run.Cluster.Trace.Line(() => $"range {range.Id}: {refused.Message}");
                    }
                }
                await run.Cluster.DelayAsync(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private void Converge(GroupId group, List<VirtualNode> nodes)
    {
        var members = run.Cluster.Map.Find(group)!.Replicas.Select(replica => replica.Node).ToHashSet();
        var replicas = nodes.Where(node => members.Contains(node.Id)).ToList();
        Wait(() =>
        {
            var states = replicas.Select(node => run.Cluster.StatusOf(node, group)).ToList();
            return states.All(state => state.Applied == states[0].Last && state.Applied == state.Last && state.StateHash == states[0].StateHash);
        }, () => string.Join("; ", replicas.Select(node => run.Cluster.StatusOf(node, group))));
        foreach (var node in replicas)
        {
            var status = run.Cluster.StatusOf(node, group);
            if ((status.Alarm ?? status.StoppedReason) is { } wrong) run.Findings.Report("state hash", $"node {node.Id}, group {group}: {wrong}");
        }
    }

    /// <summary>The condition is looked at every few milliseconds: it costs more than what happens in between.</summary>
    public void Wait(Func<bool> condition, Func<string> state)
    {
        var end = run.Cluster.Clock.Now + Limit;
        while (!run.IsHalted && !condition())
        {
            if (run.Cluster.Clock.Now >= end) throw new SimulationException($"not within {Limit.TotalSeconds} s: {state()}");
            run.Cluster.RunFor(Look);
        }
    }
}
