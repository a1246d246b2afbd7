using System.Net;
using KvStore.Node;

namespace KvStore.Server.Configuration;

/// <summary>All settings of a node process. Addresses are "host:port"; sizes are in the unit that the name ends with.</summary>
public sealed record KvStoreServerOptions
{
    public ulong NodeId { get; init; } = 1;
    public string DataDirectory { get; init; } = "kvstore-data";
    /// <summary>gRPC (HTTP/2) for clients.</summary>
    public string ClientAddress { get; init; } = "127.0.0.1:7101";
    /// <summary>Frames between nodes.</summary>
    public string PeerAddress { get; init; } = "127.0.0.1:7201";
    /// <summary>Where the node listens for clients when that is not the address they dial, as behind a proxy or in a container. Empty: <see cref="ClientAddress"/>.</summary>
    public string ClientListenAddress { get; init; } = "";
    /// <summary>Where the node listens for other nodes when that is not the address they dial. Empty: <see cref="PeerAddress"/>.</summary>
    public string PeerListenAddress { get; init; } = "";
    /// <summary>HTTP/1.1: /healthz, /readyz, /metrics.</summary>
    public string HttpAddress { get; init; } = "127.0.0.1:7301";
    /// <summary>The same word on every founder; with the founders it names the cluster.</summary>
    public string Token { get; init; } = "kvstore";
    /// <summary>Every founder of the cluster, the same list on each. Empty: this node alone.</summary>
    public IReadOnlyList<FounderOptions> Founders { get; init; } = [];
    /// <summary>Without TLS a node binds loopback only, unless this is set.</summary>
    public bool Insecure { get; init; }
    public int DataGroups { get; init; } = 4;
    public int ReplicasPerGroup { get; init; } = 3;
    public int HeartbeatMilliseconds { get; init; } = 100;
    public int ElectionTimeoutMinMilliseconds { get; init; } = 500;
    public int ElectionTimeoutMaxMilliseconds { get; init; } = 1000;
    public double ClockDriftMaxFraction { get; init; } = 0.05;
    public int ReplicaLoops { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);
    public int ApplyWorkers { get; init; } = 1;
    public int ValueBytesMax { get; init; } = 1 << 20;
    public int CheckpointLogMebibytes { get; init; } = 64;
    public int WalTargetMebibytes { get; init; } = 256;
    public int WalSegmentMebibytes { get; init; } = 64;
    public int DiskReserveMebibytes { get; init; } = 256;
    /// <summary>Memory for records over all groups of the node; the rest stays on disk.</summary>
    public int RecordMemoryMebibytes { get; init; } = 256;
    public int QueueMebibytesMax { get; init; } = 64;
    public int SessionTimeToLiveSeconds { get; init; } = 600;
    /// <summary>What each group keeps of client sessions and their results; beyond it whole sessions end, the longest unused first.</summary>
    public int SessionMebibytesMax { get; init; } = 64;
    /// <summary>What each group keeps of leases and their keys; beyond it grants and puts with a lease are refused.</summary>
    public int LeaseMebibytesMax { get; init; } = 256;
    /// <summary>How long superseded values can still be read and watched from; less when <see cref="HistoryRevisionsKept"/> says so.</summary>
    public int HistorySecondsKept { get; init; } = 3600;
    /// <summary>How many revisions of a range can be gone back at most, whatever their age.</summary>
    public int HistoryRevisionsKept { get; init; } = 1_000_000;
    public int ShutdownSecondsMax { get; init; } = 10;
    /// <summary>For fault tests: how much faster than the machine's the node's clock runs, in parts per million; negative: slower.</summary>
    public int TestClockRatePartsPerMillion { get; init; }
    /// <summary>For fault tests: after so long the clock runs as much slower as it ran faster before, and so on. 0: the rate never changes.</summary>
    public int TestClockStrobeMilliseconds { get; init; }
    /// <summary>For fault tests: how far the node's clock is ahead of the machine's at any time.</summary>
    public int TestClockAheadSeconds { get; init; }

    /// <summary>Where the node listens for clients.</summary>
    public IPEndPoint ClientEndPoint => Parse(ClientListenAddress.Length > 0 ? ClientListenAddress : ClientAddress);
    /// <summary>Where the node listens for other nodes.</summary>
    public IPEndPoint PeerEndPoint => Parse(PeerListenAddress.Length > 0 ? PeerListenAddress : PeerAddress);
    public IPEndPoint HttpEndPoint => Parse(HttpAddress);

    /// <summary>What KvStore.Node is told.</summary>
    public NodeOptions ToNodeOptions() => new()
    {
        Id = new Raft.NodeId(NodeId),
        DataDirectory = DataDirectory,
        Token = Token,
        Founders = Founders.Count == 0
            ? [new Founder(new Raft.NodeId(NodeId), ClientAddress, PeerAddress)]
            : [.. Founders.Select(f => new Founder(new Raft.NodeId(f.NodeId), f.ClientAddress, f.PeerAddress, f.Zone))],
        DataGroups = DataGroups,
        ReplicasPerGroup = ReplicasPerGroup,
        ReplicaLoops = ReplicaLoops,
        ApplyWorkers = ApplyWorkers,
        HeartbeatInterval = TimeSpan.FromMilliseconds(HeartbeatMilliseconds),
        ElectionTimeoutMin = TimeSpan.FromMilliseconds(ElectionTimeoutMinMilliseconds),
        ElectionTimeoutMax = TimeSpan.FromMilliseconds(ElectionTimeoutMaxMilliseconds),
        ClockDriftMax = ClockDriftMaxFraction,
        CheckpointLogBytes = (long)CheckpointLogMebibytes << 20,
        WalTargetBytes = (long)WalTargetMebibytes << 20,
        WalSegmentBytes = WalSegmentMebibytes << 20,
        DiskReserveBytes = (long)DiskReserveMebibytes << 20,
        QueueBytesMax = (long)QueueMebibytesMax << 20,
        SessionTimeToLive = TimeSpan.FromSeconds(SessionTimeToLiveSeconds),
        SessionBytesMax = (long)SessionMebibytesMax << 20,
        HistoryKept = TimeSpan.FromSeconds(HistorySecondsKept),
        HistoryRevisionsKept = (ulong)HistoryRevisionsKept,
    };

    private static IPEndPoint Parse(string address)
    {
        var colon = address.LastIndexOf(':');
        var host = address[..colon];
        return new IPEndPoint(host is "localhost" ? IPAddress.Loopback : IPAddress.Parse(host), int.Parse(address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }
}

/// <summary>One founding node as every founder's configuration names it.</summary>
public sealed record FounderOptions
{
    public ulong NodeId { get; init; }
    public string ClientAddress { get; init; } = "";
    public string PeerAddress { get; init; } = "";
    public string Zone { get; init; } = "";
}
