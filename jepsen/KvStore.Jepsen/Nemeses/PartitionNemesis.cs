using KvStore.Jepsen.Network;

namespace KvStore.Jepsen.Nemeses;

/// <summary>Cuts links between the nodes, in the shapes that were found to break other systems, and makes them slow or break. Clients still reach every node, but for one shape.</summary>
internal sealed class PartitionNemesis : INemesis
{
    public string Name => "partition";

    public string Summary => "cut links between nodes: halves, one node, the leader, one way, bridge, ring; slow links; connections reset; the leader hidden from clients";

    public async Task StrikeAsync(Battlefield field)
    {
        var leader = await field.Leaders.MostLeadingAsync(field.Random).ConfigureAwait(false);
        if (field.IsOver) return;
        switch (field.Random.Next(11))
        {
            case <= 2: await IsolateAsync(field, leader, "leader, ").ConfigureAwait(false); break;
            case 3: await IsolateAsync(field, field.Some(1)[0], "").ConfigureAwait(false); break;
            case 4: await HalvesAsync(field, leader).ConfigureAwait(false); break;
            case 5: await OneWayAsync(field, leader).ConfigureAwait(false); break;
            case 6: await BridgeAsync(field).ConfigureAwait(false); break;
            case 7: await RingAsync(field).ConfigureAwait(false); break;
            case 8: await SlowAsync(field).ConfigureAwait(false); break;
            case 9: await HideAsync(field, leader).ConfigureAwait(false); break;
            default: await ResetAsync(field).ConfigureAwait(false); break;
        }
    }

    private Task IsolateAsync(Battlefield field, int node, string which) => CutAsync(field, $"isolate {which}node {node + 1}", (from, to) => from == node || to == node);

    // The leader in the smaller half.
    private Task HalvesAsync(Battlefield field, int leader)
    {
        int[] minority = [leader, .. field.Some(field.Nodes).Where(n => n != leader).Take(field.Nodes - field.Majority - 1)];
        return CutAsync(field, $"cut off {Battlefield.Names(minority)}", (from, to) => minority.Contains(from) != minority.Contains(to));
    }

    // Either what the node says is not heard, or it hears nothing.
    private Task OneWayAsync(Battlefield field, int node) => field.Random.Next(2) == 0
        ? CutAsync(field, $"leader, node {node + 1}, is not heard", (from, _) => from == node)
        : CutAsync(field, $"leader, node {node + 1}, hears nothing", (_, to) => to == node);

    // Two halves that only one node sees both of.
    private Task BridgeAsync(Battlefield field)
    {
        var order = field.Some(field.Nodes);
        var (bridge, left) = (order[0], order[1..(1 + (field.Nodes / 2))]);
        return CutAsync(field, $"bridge over node {bridge + 1}", (from, to) => from != bridge && to != bridge && left.Contains(from) != left.Contains(to));
    }

    // Each node sees a majority, and no two nodes the same one. Of three nodes: each is heard by one neighbour only.
    private Task RingAsync(Battlefield field)
    {
        var order = field.Some(field.Nodes);
        var place = Enumerable.Range(0, field.Nodes).ToDictionary(i => order[i]);
        var reach = field.Nodes == 3 ? 0 : (field.Majority - 1) / 2;
        return CutAsync(field, $"ring of {Battlefield.Names(order)}", (from, to) =>
        {
            var ahead = (place[to] - place[from] + field.Nodes) % field.Nodes;
            return reach == 0 ? ahead != 1 : ahead > reach && field.Nodes - ahead > reach;
        });
    }

    private async Task CutAsync(Battlefield field, string what, Func<int, int, bool> isCut)
    {
        var fault = field.Log.Begin(Name, what);
        SetAll(field, isCut, LinkCondition.Cut);
        await field.HoldAsync(1, 6).ConfigureAwait(false);
        SetAll(field, isCut, LinkCondition.Good);
        field.Log.End(fault);
    }

    private async Task SlowAsync(Battlefield field)
    {
        var node = field.Some(1)[0];
        var delay = TimeSpan.FromMilliseconds(field.Random.Next(20, 400));
        var fault = field.Log.Begin(Name, $"links of node {node + 1} slow by {delay.TotalMilliseconds:0} ms");
        SetAll(field, (from, to) => from == node || to == node, LinkCondition.Slow(delay, 1 << 20));
        await field.HoldAsync(0.5, 5).ConfigureAwait(false);
        SetAll(field, (from, to) => from == node || to == node, LinkCondition.Good);
        field.Log.End(fault);
    }

    // It leads on, and no client hears of it.
    private async Task HideAsync(Battlefield field, int node)
    {
        var fault = field.Log.Begin(Name, $"clients do not reach the leader, node {node + 1}");
        foreach (var link in field.Network.Clients(node)) link.Condition = LinkCondition.Cut;
        await field.HoldAsync(0.5, 3).ConfigureAwait(false);
        foreach (var link in field.Network.Clients(node)) link.Condition = LinkCondition.Good;
        field.Log.End(fault);
    }

    private async Task ResetAsync(Battlefield field)
    {
        var fault = field.Log.Begin(Name, "reset connections at random, between nodes and of clients");
        for (var i = field.Random.Next(3, 20); i > 0; i--)
        {
            var pair = field.Some(2);
            field.Network.Between(pair[0], pair[1]).Reset();
            foreach (var link in field.Network.Clients(pair[0])) link.Reset();
            await field.HoldAsync(0.05, 0.3).ConfigureAwait(false);
        }

        field.Log.End(fault);
    }

    private static void SetAll(Battlefield field, Func<int, int, bool> concerns, LinkCondition condition)
    {
        foreach (var (from, to) in field.Network.Directions)
            if (concerns(from, to)) field.Network.Between(from, to).Condition = condition;
    }
}
