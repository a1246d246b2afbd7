namespace KvStore.Raft.Tests;

public sealed class SmokeTest
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    public void Elects_replicates_and_reads(int count)
    {
        var now = new MonotonicTime(1);
        var ids = Enumerable.Range(1, count).Select(i => new ReplicaId((ulong)i)).ToArray();
        var replicas = ids.ToDictionary(id => id, id => new SimulatedReplica(new RaftOptions { Group = new GroupId(1), Self = id, Seed = id.Value }, new Configuration(ids), now));
        var wire = new Queue<RaftMessage>();
        void Settle()
        {
            for (var busy = true; busy;)
            {
                busy = false;
                foreach (var replica in replicas.Values)
                    while (replica.Node.HasReady) { replica.Take(wire.Enqueue, now); busy = true; }
                foreach (var replica in replicas.Values)
                    while (replica.Sync(wire.Enqueue, now)) busy = true;
                while (wire.TryDequeue(out var message)) { replicas[message.To].Node.Step(message, now); busy = true; }
            }
        }
        for (var i = 0; i < 300 && replicas.Values.All(r => r.Node.Role != RaftRole.Leader); i++)
        {
            now += TimeSpan.FromMilliseconds(10);
            foreach (var replica in replicas.Values) replica.Node.Tick(now);
            Settle();
        }
        var leader = replicas.Values.Single(r => r.Node.Role == RaftRole.Leader);
        for (var i = 0; i < 10; i++) Assert.Equal(ProposeStatus.Accepted, leader.Node.Propose(new byte[] { (byte)i }, now).Status);
        Settle();
        Assert.All(replicas.Values, r => Assert.Equal(11, r.Applied.Count));
        replicas.Values.Last().Node.ReadIndex(7, now);
        Settle();
        Assert.Equal(new ReadState(7, new LogIndex(11), false), replicas.Values.Last().ReadStates.Single());
        Assert.Equal(new LogIndex(11), leader.Node.LeaseReadIndex(now));
    }
}
