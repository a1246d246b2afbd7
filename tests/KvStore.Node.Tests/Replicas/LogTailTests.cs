using KvStore.Node.Replicas;
using KvStore.Raft;

namespace KvStore.Node.Tests.Replicas;

public class LogTailTests
{
    private static readonly NodeOptions Options = new()
    {
        Id = new NodeId(1), DataDirectory = "/d", Founders = [], Token = "", CheckpointLogBytes = 1000, FollowerLagBytesMax = 4000,
    };

    private static LogTail Filled(int entries)
    {
        var tail = new LogTail(Options, LogIndex.None);
        for (var i = 1; i <= entries; i++) tail.Appended([new Entry(new Term(1), new LogIndex((ulong)i), EntryKind.Normal, new byte[68])]);
        return tail;
    }

    [Fact]
    public void The_log_since_the_checkpoint_before_is_kept()
    {
        var tail = Filled(20);
        Assert.Equal(LogIndex.None, tail.Checkpointed(new LogIndex(10), null, LogIndex.None));
        Assert.Equal(new LogIndex(10), tail.Checkpointed(new LogIndex(20), null, LogIndex.None));
    }

    [Fact]
    public void What_the_slowest_follower_needs_is_kept_up_to_the_limit()
    {
        var tail = Filled(20);
        tail.Checkpointed(new LogIndex(10), new LogIndex(5), LogIndex.None);
        Assert.Equal(new LogIndex(5), tail.Checkpointed(new LogIndex(20), new LogIndex(5), LogIndex.None));
        var late = Filled(100);
        late.Checkpointed(new LogIndex(90), new LogIndex(5), LogIndex.None);
        var until = late.Checkpointed(new LogIndex(100), new LogIndex(5), LogIndex.None);
        Assert.InRange(until.Value, 50UL, 60UL);
    }

    [Fact]
    public void What_the_wal_cannot_keep_is_forgotten_whoever_needs_it_and_no_more() =>
        Assert.Equal(new LogIndex(9), Filled(20).Checkpointed(new LogIndex(15), new LogIndex(1), toForget: new LogIndex(9)));

    [Fact]
    public void What_the_wal_cannot_keep_is_kept_all_the_same_until_a_checkpoint_covers_it() =>
        Assert.Equal(new LogIndex(15), Filled(20).Checkpointed(new LogIndex(15), new LogIndex(1), toForget: new LogIndex(18)));

    [Fact]
    public void Nothing_beyond_the_checkpoint_is_ever_forgotten()
    {
        for (ulong checkpoint = 1; checkpoint <= 100; checkpoint++)
            Assert.True(Filled(100).Checkpointed(new LogIndex(checkpoint), new LogIndex(3), LogIndex.None) <= new LogIndex(checkpoint));
    }
}
