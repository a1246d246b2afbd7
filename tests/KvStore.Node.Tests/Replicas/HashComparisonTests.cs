using KvStore.Node.Replicas;
using KvStore.Raft;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.Replicas;

public class HashComparisonTests
{
    private static readonly ReplicaId Self = new(1);
    private static readonly ReplicaId Second = new(2);
    private static readonly ReplicaId Third = new(3);
    private static readonly Configuration Three = new([Self, Second, Third]);
    private static readonly LogIndex Index = new(256);

    private static HashComparison New()
    {
        var replica = new GroupReplica(new GroupId(1), Self, null!, null!, new ReplicaView(RaftRole.Follower, Term.None, NodeId.None, Three), null);
        return new HashComparison(replica, NullLogger.Instance);
    }

    [Fact]
    public void Equal_hashes_say_nothing()
    {
        var hashes = New();
        Assert.Null(hashes.Add(Self, Index, 7, Three));
        Assert.Null(hashes.Add(Second, Index, 7, Three));
        Assert.Null(hashes.Add(Third, Index, 7, Three));
        Assert.Null(hashes.Alarm);
    }

    [Fact]
    public void One_difference_is_an_alarm_and_a_majority_against_it_stops_the_replica()
    {
        var hashes = New();
        Assert.Null(hashes.Add(Second, Index, 8, Three));
        Assert.Null(hashes.Add(Self, Index, 7, Three));
        Assert.Contains("replica 2", hashes.Alarm, StringComparison.Ordinal);
        Assert.Contains("majority", hashes.Add(Third, Index, 8, Three), StringComparison.Ordinal);
    }

    [Fact]
    public void The_replica_that_a_majority_agrees_with_goes_on()
    {
        var hashes = New();
        Assert.Null(hashes.Add(Second, Index, 7, Three));
        Assert.Null(hashes.Add(Self, Index, 7, Three));
        Assert.Null(hashes.Add(Third, Index, 8, Three));
    }
}
