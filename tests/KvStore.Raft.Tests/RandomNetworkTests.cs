using KvStore.Raft.Tests.Network;

namespace KvStore.Raft.Tests;

/// <summary>Safety under loss, delay, duplication, reordering, partitions, pauses, skewed clocks and crashes that lose unsynced state; liveness after all is well again.</summary>
public sealed class RandomNetworkTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(5);

    public static TheoryData<int> Batches => [.. Enumerable.Range(0, 6)];

    [Theory]
    [MemberData(nameof(Batches))]
    public void Three_replicas_stay_safe_and_recover(int batch) => RunBatch(batch, voters: 3, spares: 0, () => new RandomFaults());

    [Theory]
    [MemberData(nameof(Batches))]
    public void Five_replicas_stay_safe_and_recover(int batch) => RunBatch(batch, voters: 5, spares: 0, () => new RandomFaults());

    [Theory]
    [MemberData(nameof(Batches))]
    public void Members_change_safely(int batch) => RunBatch(batch, voters: 3, spares: 3, () => new RandomFaults { ChangeMembers = 0.02, Crash = 0.0005 });

    /// <summary>What tempts a lease: short partitions, restarts that forget promises, transfers, pauses.</summary>
    [Theory]
    [MemberData(nameof(Batches))]
    public void Leases_hold_through_partitions_transfers_and_quick_restarts(int batch) => RunBatch(batch, voters: 3, spares: 0, () => new RandomFaults
    {
        Propose = 0.02, Loss = 0.01, LongDelay = 0.05, Crash = 0.001, RestartAfterMax = TimeSpan.FromMilliseconds(20), Partition = 0.01, Transfer = 0.003, Pause = 0.0015, PauseMax = TimeSpan.FromMilliseconds(600), SyncPerStep = 0.9,
    });

    [Fact]
    public void Quiet_network_with_slow_disks_makes_progress() =>
        RunBatch(0, voters: 3, spares: 0, () => new RandomFaults { Loss = 0, Duplicate = 0, LongDelay = 0, Crash = 0, Pause = 0, Partition = 0, SyncPerStep = 0.2 });

    private static void RunBatch(int batch, int voters, int spares, Func<RandomFaults> faults)
    {
        int accepted = 0, reads = 0, leaseReads = 0;
        for (var seed = batch * 10; seed < batch * 10 + 10; seed++)
        {
            var cluster = new RandomCluster(seed, voters, spares, faults());
            try
            {
                cluster.Run(Duration);
                cluster.HealAndRequireProgress();
                cluster.Checker.CheckLogs();
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"seed {seed}, {voters} voters, {spares} spares: {e.Message}", e);
            }
            accepted += cluster.Accepted;
            reads += cluster.ReadsAnswered;
            leaseReads += cluster.LeaseReads;
        }
        // The runs are worth something only if they did something.
        Assert.True(accepted > 20 && reads > 20 && leaseReads > 100, $"accepted {accepted}, reads {reads}, lease reads {leaseReads}");
    }
}
