namespace KvStore.Linearizability.Anomalies;

/// <summary>Why one operation comes before another.</summary>
internal enum Dependency
{
    /// <summary>It wrote what the other one replaced.</summary>
    WriteWrite,
    /// <summary>It wrote what the other one read.</summary>
    WriteRead,
    /// <summary>It read what the other one replaced.</summary>
    ReadWrite,
}

internal readonly record struct Edge(Footprint From, Footprint To, Dependency Kind, string Key, Value Before, Value After)
{
    public string Reason => Kind switch
    {
        Dependency.WriteWrite => $"its {Name(Key)} = {Before} was replaced by {After} of",
        Dependency.WriteRead => $"its {Name(Key)} = {After} was read by",
        _ => $"it read {Name(Key)} = {Before}, before the {After} of",
    };

    private static string Name(string key) => Value.Of(key).ToString();
}

/// <summary>The direct serialization graph of what took effect.</summary>
internal sealed class DependencyGraph
{
    private readonly Dictionary<Footprint, List<Edge>> _edges = [];

    public IEnumerable<Edge> Edges => _edges.Values.SelectMany(e => e);

    public static DependencyGraph Of(Versions versions)
    {
        var graph = new DependencyGraph();
        var orders = new SortedDictionary<string, VersionOrder>(StringComparer.Ordinal);
        var readers = new Dictionary<(string Key, Value Value), List<Footprint>>();
        foreach (var footprint in versions.Committed)
        {
            foreach (var (key, value) in footprint.Reads.Where(r => versions.IsTraceable(r.Key)))
            {
                OrderOf(key).Touched(value, footprint.Operation);
                if (!readers.TryGetValue((key, value), out var list)) readers[(key, value)] = list = [];
                list.Add(footprint);
                if (footprint.Writes.TryGetValue(key, out var after)) OrderOf(key).Replaced(value, after);
                if (versions.TryFind(key, value, out var origin)) graph.Add(new Edge(origin.Writer, footprint, Dependency.WriteRead, key, value, value));
            }
            foreach (var (key, value) in footprint.Writes.Where(w => versions.IsTraceable(w.Key))) OrderOf(key).Touched(value, footprint.Operation);
        }
        foreach (var (key, order) in orders)
        {
            foreach (var (before, after) in order.Pairs())
            {
                if (!versions.TryFind(key, after, out var writer)) continue;
                if (versions.TryFind(key, before, out var origin)) graph.Add(new Edge(origin.Writer, writer.Writer, Dependency.WriteWrite, key, before, after));
                foreach (var reader in readers.GetValueOrDefault((key, before), [])) graph.Add(new Edge(reader, writer.Writer, Dependency.ReadWrite, key, before, after));
            }
        }
        return graph;

        VersionOrder OrderOf(string key)
        {
            if (!orders.TryGetValue(key, out var order)) orders[key] = order = new VersionOrder();
            return order;
        }
    }

    /// <summary>The shortest way back from where an edge leads to where it comes from, by edges of some kinds, with the edge itself in front; null when there is none.</summary>
    public List<Edge>? Circle(Edge edge, Func<Dependency, bool> uses)
    {
        var came = new Dictionary<Footprint, Edge> { [edge.To] = edge };
        var queue = new Queue<Footprint>([edge.To]);
        while (queue.TryDequeue(out var at))
        {
            if (at == edge.From) return Trace(edge, came);
            foreach (var next in _edges.GetValueOrDefault(at, []))
                if (uses(next.Kind) && came.TryAdd(next.To, next)) queue.Enqueue(next.To);
        }
        return null;
    }

    private static List<Edge> Trace(Edge first, Dictionary<Footprint, Edge> came)
    {
        var circle = new List<Edge>();
        for (var at = first.From; at != first.To; at = came[at].From) circle.Add(came[at]);
        circle.Add(first);
        circle.Reverse();
        return circle;
    }

    private void Add(Edge edge)
    {
        if (edge.From == edge.To) return;
        if (!_edges.TryGetValue(edge.From, out var list)) _edges[edge.From] = list = [];
        list.Add(edge);
    }
}
