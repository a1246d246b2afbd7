namespace KvStore.Raft.Tests;

/// <summary>Safety under loss, delay, duplication, reordering, partitions, pauses, skewed clocks and crashes that lose unsynced state; liveness after all is well again.</summary>
public sealed class RandomNetworkTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    public static TheoryData<string, int> Batches
    {
        get
        {
            TheoryData<string, int> batches = [];
            foreach (var kind in RandomFaults.Kinds.Keys)
                for (var batch = 0; batch < 2; batch++) batches.Add(kind, batch);
            return batches;
        }
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public void Replicas_stay_safe_and_recover(string kind, int batch) => RunBatch(batch, kind, RandomFaults.Kinds[kind]);

    [Fact]
    public void Quiet_network_with_slow_disks_makes_progress() =>
        RunBatch(0, "quiet", new RandomFaults { Loss = 0, Duplicate = 0, LongDelay = 0, Crash = 0, Pause = 0, Partition = 0, SyncPerStep = 0.2 });

    /// <summary>The promise to users is 2 s until the next write. An election timeout is up to 1 s, so no replica may need a second one because a message was lost or a voter was bound by its promise.</summary>
    [Fact]
    public void A_killed_leader_is_replaced_within_a_second_and_a_half_though_messages_are_lost()
    {
        var losing = new RandomFaults { Step = TimeSpan.FromMilliseconds(1), DelayMax = TimeSpan.FromMilliseconds(2), Loss = 0.05, LongDelay = 0, Crash = 0, Pause = 0, Partition = 0, Transfer = 0 };
        for (var seed = 0; seed < 300; seed++)
        {
            var cluster = new RandomCluster(seed, losing);
            cluster.Run(TimeSpan.FromSeconds(3));
            var took = cluster.KillLeader();
            Assert.True(took < TimeSpan.FromSeconds(1.5), $"seed {seed}: {took.TotalMilliseconds} ms");
        }
    }

    private static void RunBatch(int batch, string kind, RandomFaults faults)
    {
        int accepted = 0, reads = 0, leaseReads = 0;
        for (var seed = batch * 10; seed < batch * 10 + 10; seed++)
        {
            var cluster = new RandomCluster(seed, faults);
            try
            {
                cluster.Run(Duration);
                cluster.HealAndRequireProgress();
                cluster.Checker.CheckLogs();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{kind}, seed {seed}: {e.Message}", e);
            }
            accepted += cluster.Accepted;
            reads += cluster.ReadsAnswered;
            leaseReads += cluster.LeaseReads;
        }
        // The runs are worth something only if they did something.
        Assert.True(accepted > 20 && reads > 20 && leaseReads > 100, $"accepted {accepted}, reads {reads}, lease reads {leaseReads}");
    }
}
