using KvStore.Node.Replicas;
using KvStore.Raft;

namespace KvStore.Node.Tests.Replicas;

public sealed class ReplicaStatusTests
{
    [Fact]
    public void A_status_never_shows_an_index_with_the_hash_of_another_one()
    {
        // In the middle of a turn: an entry more is applied than the published hash covers.
        var replica = new GroupReplica(new GroupId(1), new ReplicaId(1), null!, null!, new ReplicaView(RaftRole.Follower, new Term(1), NodeId.None, Configuration.Empty), null)
        {
            Applied = new LogIndex(5),
            Statistics = new ReplicaStatistics(new LogIndex(4), 44, 0, null),
        };
        var status = ReplicaStatus.Of(replica);
        Assert.Equal((new LogIndex(4), 44ul), (status.Applied, status.StateHash));
    }
}
