using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Tests.StateMachine;

public sealed class SessionTableTests
{
    private static readonly GroupId Group = new(1);
    private readonly EffectHash hash = new(0);
    private readonly SessionTable table;

    public SessionTableTests() => table = new SessionTable(hash);

    [Fact]
    public void A_session_ends_exactly_when_its_time_has_passed_since_its_last_use()
    {
        Open(1, timeToLive: 100, now: 10);
        table.Expire(109);
        Assert.NotNull(table.Use(Id(1), 109));
        table.Expire(208);
        Assert.Equal(1, table.Count);
        table.Expire(209);
        Assert.Null(table.Use(Id(1), 209));
        Assert.Equal(0, table.Bytes);
    }

    [Fact]
    public void Sessions_of_different_lives_end_each_at_its_own_time()
    {
        Open(1, timeToLive: 1000, now: 0);
        Open(2, timeToLive: 10, now: 0);
        table.Expire(10);
        Assert.Null(table.Use(Id(2), 10));
        Assert.NotNull(table.Use(Id(1), 10));
    }

    [Fact]
    public void A_life_without_end_does_not_overflow()
    {
        Open(1, timeToLive: ulong.MaxValue, now: 10);
        table.Expire(ulong.MaxValue - 1);
        Assert.Equal(1, table.Count);
    }

    [Fact]
    public void Over_the_limit_the_least_recently_used_go_first_and_whole()
    {
        for (ulong i = 1; i <= 4; i++) Open(i, timeToLive: 1000, now: i, bytesMax: 3 * ClientSession.SessionBytes + 2 * ClientSession.ResultBytes);
        table.Keep(table.Use(Id(1), 9)!, new StoredAnswer(1, new RangeId(1), default));
        table.Evict();
        Assert.Equal(3, table.Count);
        Assert.Null(table.Use(Id(2), 9));
        Assert.NotNull(table.Use(Id(1), 9));
    }

    [Fact]
    public void A_session_that_alone_is_over_the_limit_goes_too()
    {
        Open(1, timeToLive: 1000, now: 1, bytesMax: 1000);
        table.Keep(table.Use(Id(1), 1)!, new StoredAnswer(100, new RangeId(1), default));
        table.Evict();
        Assert.Equal((0, 0L), (table.Count, table.Bytes));
    }

    /// <summary>Two tables that do the same agree in state, bytes and hash, also when one of them is captured and restored at random.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Capture_and_restore_change_nothing_that_comes_after(int seed)
    {
        var random = new Random(seed);
        var restoredHash = new EffectHash(0);
        var restored = new SessionTable(restoredHash);
        ulong now = 0;
        for (ulong index = 1; index < 800; index++)
        {
            now += (ulong)random.Next(20);
            var step = random.Next(100);
            var session = Id((ulong)random.NextInt64(1, (long)index + 1));
            var (life, sequence) = ((ulong)random.Next(50, 2000), (ulong)random.Next(1, 40));
            foreach (var each in new[] { table, restored })
            {
                each.Expire(now);
                if (step < 20) each.Open(Id(index), life, bytesMax: 12_000, now);
                else if (each.Use(session, now) is { } used)
                {
                    each.Acknowledge(used, sequence / 4);
                    if (used.Find(sequence, out _) == SequenceState.New) each.Keep(used, new StoredAnswer(sequence, new RangeId(1), new CommandResult(CommandStatus.Ok, new Revision(index))));
                }
                each.Evict();
            }
            if (random.Next(10) == 0)
            {
                var states = restored.Capture().ToList();
                var limit = restored.BytesMax;
                restored = new SessionTable(restoredHash);
                restored.Restore(states, limit);
            }
            Assert.Equal((hash.Value, table.Bytes, table.Count), (restoredHash.Value, restored.Bytes, restored.Count));
        }
        Assert.Equal(table.Capture(), restored.Capture());
        Assert.NotEqual(0, table.Count);
    }

    private void Open(ulong index, ulong timeToLive, ulong now, long bytesMax = 0) => table.Open(Id(index), timeToLive, (ulong)bytesMax, now);

    private static SessionId Id(ulong index) => new(Group, index);
}
