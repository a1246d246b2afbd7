using System.Text.Json;
using System.Text.Json.Nodes;

namespace KvStore.Jepsen.Processes;

/// <summary>The configuration files of a cluster's nodes.</summary>
internal sealed class NodeConfiguration(string token, IReadOnlyList<NodePorts> ports)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes the file of the n-th node, from 0.</summary>
    public void Write(string file, int n, string dataDirectory, NodeClock clock)
    {
        var founders = new JsonArray();
        for (var i = 0; i < ports.Count; i++) founders.Add(new JsonObject { ["NodeId"] = i + 1, ["ClientAddress"] = At(ports[i].Client), ["PeerAddress"] = At(ports[i].Peer) });
        var settings = new JsonObject
        {
            ["NodeId"] = n + 1,
            ["DataDirectory"] = dataDirectory,
            ["Token"] = token,
            ["ClientAddress"] = At(ports[n].Client),
            ["PeerAddress"] = At(ports[n].Peer),
            ["ClientListenAddress"] = At(ports[n].ClientListen),
            ["PeerListenAddress"] = At(ports[n].PeerListen),
            ["HttpAddress"] = At(ports[n].Http),
            // Small, so that a short run has checkpoints, recycled segments and snapshots.
            ["WalSegmentMebibytes"] = 16,
            ["WalTargetMebibytes"] = 64,
            ["CheckpointLogMebibytes"] = 4,
            ["DiskReserveMebibytes"] = 64,
            // Every node votes, so that five nodes tolerate two faults.
            ["ReplicasPerGroup"] = Math.Min(5, ports.Count),
            ["TestClockAheadSeconds"] = clock.AheadSeconds,
            ["TestClockRatePartsPerMillion"] = clock.RatePartsPerMillion,
            ["TestClockStrobeMilliseconds"] = clock.StrobeMilliseconds,
            ["Founders"] = founders,
        };
        File.WriteAllText(file, settings.ToJsonString(Indented));
    }

    private static string At(int port) => $"127.0.0.1:{port}";
}
