using KvStore.Raft;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>The links that one fault has cut, to mend just them.</summary>
internal sealed class Cuts(VirtualNetwork network)
{
    private readonly List<(NodeId From, NodeId To)> _cut = [];

    public void OneWay(NodeId from, NodeId to)
    {
        if (from == to) return;
        network.Cut(from, to);
        _cut.Add((from, to));
    }

    public void Both(NodeId one, NodeId other)
    {
        OneWay(one, other);
        OneWay(other, one);
    }

    public void Mend()
    {
        foreach (var (from, to) in _cut) network.Mend(from, to);
        _cut.Clear();
    }
}
