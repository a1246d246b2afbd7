using KvStore.Jepsen.Disks;

namespace KvStore.Jepsen.Processes;

/// <summary>How a cluster of processes is set up.</summary>
internal sealed record ClusterOptions
{
    public required string Server { get; init; }

    /// <summary>Everything of the cluster lies below it: configurations, logs, data.</summary>
    public required string Directory { get; init; }

    public int Nodes { get; init; } = 3;

    /// <summary>What the nodes' data lies on.</summary>
    public DiskKind Disk { get; init; }

    /// <summary>Whether nodes and clients reach a node through a proxy of this program.</summary>
    public Wiring Wiring { get; init; }

    /// <summary>Clock settings of each node at its first start, by its number from 0; null: the machine's clock.</summary>
    public Func<int, NodeClock>? Clock { get; init; }

    /// <summary>Environment variables of the nodes.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
}

/// <summary>How connections to the nodes are made.</summary>
internal enum Wiring
{
    Direct,
    Proxies,
}
