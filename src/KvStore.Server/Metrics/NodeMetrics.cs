using System.Diagnostics.Metrics;
using KvStore.Node;
using KvStore.Raft;

namespace KvStore.Server.Metrics;

/// <summary>What a node tells monitoring. Everything is read when somebody scrapes; nothing is counted on the hot path.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly KvNode _node;
    private readonly Meter _meter = new("KvStore");

    public NodeMetrics(KvNode node)
    {
        _node = node;
        _meter.CreateObservableGauge("kvstore_ready", () => node.NotReadyReason is null ? 1L : 0L, description: "1 when the node serves.");
        _meter.CreateObservableGauge("kvstore_wal_bytes", () => node.Status().WalBytes, description: "Bytes of the write-ahead log on disk.");
        _meter.CreateObservableGauge("kvstore_replica_is_leader", () => PerReplica(r => r.Role == RaftRole.Leader ? 1 : 0), description: "1 for each group that this node leads.");
        _meter.CreateObservableGauge("kvstore_replica_term", () => PerReplica(r => (long)r.Term.Value), description: "Raft term, by group.");
        _meter.CreateObservableGauge("kvstore_replica_commit_index", () => PerReplica(r => (long)r.Commit.Value), description: "Raft commit index, by group.");
        _meter.CreateObservableGauge("kvstore_replica_applied_index", () => PerReplica(r => (long)r.Applied.Value), description: "Applied index, by group.");
        _meter.CreateObservableGauge("kvstore_replica_keys", () => PerReplica(r => r.Keys), description: "Live keys, by group.");
        _meter.CreateObservableGauge("kvstore_replica_sessions", () => PerReplica(r => (long)r.Sessions), description: "Client sessions, by group.");
        _meter.CreateObservableGauge("kvstore_replica_stopped", () => PerReplica(r => r.StoppedReason is null ? 0 : 1), description: "1 for each replica that stopped because of damage.");
        _meter.CreateObservableGauge("kvstore_watches", () => node.Watches, description: "Watches open on this node.");
        _meter.CreateObservableCounter("process_cpu_seconds_total", () => Environment.CpuUsage.TotalTime.TotalSeconds, description: "User and system processor time.");
        _meter.CreateObservableGauge("process_resident_memory_bytes", () => Environment.WorkingSet, description: "Resident memory.");
        _meter.CreateObservableGauge("dotnet_gc_heap_bytes", () => GC.GetTotalMemory(forceFullCollection: false), description: "Managed heap.");
        Text = new PrometheusText(_meter);
    }

    public PrometheusText Text { get; }

    public void Dispose()
    {
        Text.Dispose();
        _meter.Dispose();
    }

    private List<Measurement<long>> PerReplica(Func<ReplicaStatus, long> value) =>
        [.. _node.Status().Replicas.Select(r => new Measurement<long>(value(r), new KeyValuePair<string, object?>("group", r.Group.Value)))];
}
