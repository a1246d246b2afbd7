using Google.Protobuf;
using KvStore.Node.Replicas;

namespace KvStore.Node.Tests.Cluster;

public class DivergenceTests
{
    [Fact]
    public void A_replica_whose_hash_a_majority_contradicts_stops_and_the_others_go_on()
    {
        using var cluster = VirtualCluster.Started(1);
        var range = cluster.RangeOf("apple");
        var leader = cluster.WaitForLeaderOf(range.Group);
        var victim = cluster.Nodes.First(node => node != leader);
        cluster.Network.Filter = (_, to, frame) =>
        {
            foreach (var report in frame.Hashes.Where(_ => to == victim.Id)) report.Hash = ByteString.CopyFrom(new byte[8]);
            return true;
        };
        for (ulong i = 0; i < HashComparison.IndexesBetween; i++) cluster.Put("apple", $"{i}");
        cluster.RunUntil(() => cluster.StatusOf(victim, range.Group).StoppedReason is not null, TimeSpan.FromSeconds(5));
        Assert.Contains("majority", cluster.StatusOf(victim, range.Group).StoppedReason, StringComparison.Ordinal);
        Assert.Contains("has stopped", victim.Node.NotReadyReason, StringComparison.Ordinal);
        Assert.Null(victim.Node.Failure);
        Assert.Equal(NodeErrorCode.Unavailable, Assert.Throws<NodeException>(() => cluster.Get("apple", ReadConsistency.Stale, victim)).Error.Code);
        cluster.Put("apple", "green");
        Assert.Equal("green", cluster.Get("apple"));
    }
}
