using System.Text;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Cluster;

/// <summary>
/// A cluster on one thread: virtual time, network, disks and workers, all from one seed. Run lets the world go on until a task is done.
/// </summary>
internal sealed class VirtualCluster : IDisposable
{
    private readonly VirtualContext _context = new();
    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private readonly IReadOnlyList<Founder> _founders;

    public VirtualCluster(ulong seed, int nodes = 3)
    {
        SynchronizationContext.SetSynchronizationContext(_context);
        Seed = seed;
        Random = new VirtualRandom(seed);
        Network = new VirtualNetwork(Clock, Random);
        _founders = [.. Enumerable.Range(1, nodes).Select(i => new Founder(new NodeId((ulong)i), $"10.0.0.{i}:7100", $"10.0.0.{i}:7200"))];
        Nodes = [.. _founders.Select(founder => new VirtualNode(this, founder.Id))];
    }

    public ulong Seed { get; }
    public VirtualRandom Random { get; }
    public VirtualClock Clock { get; } = new();
    public VirtualNetwork Network { get; }
    public IReadOnlyList<VirtualNode> Nodes { get; }
    public IEnumerable<VirtualNode> Up => Nodes.Where(node => node.IsUp);
    public MonotonicTime SoonEnough => Clock.Now + TimeSpan.FromSeconds(5);

    public NodeOptions OptionsOf(NodeId id) => new()
    {
        Id = id, DataDirectory = $"/data/{id}", Founders = _founders, Token = "test", DataGroups = 2, DiskReserveBytes = 1 << 20, WalSegmentBytes = 1 << 20, WalTargetBytes = 4 << 20,
    };

    public static VirtualCluster Started(ulong seed, int nodes = 3)
    {
        var cluster = new VirtualCluster(seed, nodes);
        foreach (var node in cluster.Nodes) node.Start();
        cluster.WaitUntilReady();
        return cluster;
    }

    public void WaitUntilReady() => RunUntil(() => Up.All(node => node.Node.NotReadyReason is null), TimeSpan.FromSeconds(30), () => string.Join("; ", Up.Select(node => $"{node.Id}: {node.Node.NotReadyReason}")));

    /// <summary>Lets the world go on until something holds; fails when it does not within a virtual time.</summary>
    public void RunUntil(Func<bool> condition, TimeSpan limit, Func<string>? state = null)
    {
        var end = Clock.Now + limit;
        while (!condition())
        {
            Assert.True(Clock.Now < end, $"seed {Seed}: not within {limit}: {state?.Invoke()} {string.Join("; ", Up.Select(node => node.Node.Failure))}");
            Step();
        }
    }

    public void RunFor(TimeSpan time)
    {
        var end = Clock.Now + time;
        Clock.At(end, static () => { });
        while (Clock.Now < end) Step();
    }

    public Task DelayAsync(TimeSpan time)
    {
        var due = new TaskCompletionSource();
        Clock.At(Clock.Now + time, due.SetResult);
        return due.Task;
    }

    public T Run<T>(Task<T> task)
    {
        RunUntil(() => task.IsCompleted, TimeSpan.FromSeconds(60));
        return task.GetAwaiter().GetResult();
    }

    public T Run<T>(ValueTask<T> task) => task.IsCompleted ? task.Result : Run(task.AsTask());

    public void Run(Task task)
    {
        RunUntil(() => task.IsCompleted, TimeSpan.FromSeconds(60));
        task.GetAwaiter().GetResult();
    }

    private void Step()
    {
        if (_context.RunOne() || Clock.RunDue()) return;
        var runnable = Up.Select(node => (Node: node, Count: node.Workers.Runnable(Clock.Now))).Where(pair => pair.Count > 0).ToArray();
        if (runnable.Length > 0)
        {
            var pick = Random.Next(runnable.Sum(pair => pair.Count));
            foreach (var (node, count) in runnable)
            {
                if (pick < count)
                {
                    node.Workers.RunOne(pick, Clock.Now);
                    // A turn takes time, so that no two inputs of a loop carry the same.
                    Clock.Advance(Clock.Now + TimeSpan.FromMicroseconds(1 + Random.Next(20)));
                    return;
                }
                pick -= count;
            }
        }
        var next = Up.Select(node => node.Workers.NextDue()).Append(Clock.NextEvent).Where(time => time is not null).Min();
        Assert.True(next is not null, $"seed {Seed}: nothing will ever happen again");
        Clock.Advance(next!.Value);
    }

    public ClusterMap Map => Up.Select(node => node.Node.Map).First(map => map is not null)!;

    public RangeDescriptor RangeOf(string key) => Map.Resolve(KeyspaceId.Default, Encoding.UTF8.GetBytes(key))!;

    public VirtualNode? LeaderOf(GroupId group) => Up.Where(node => node.Node.Leads(group)).OrderByDescending(node => node.Node.Status().Replicas.Single(replica => replica.Group == group).Term).FirstOrDefault();

    public VirtualNode WaitForLeaderOf(GroupId group)
    {
        RunUntil(() => LeaderOf(group) is not null, TimeSpan.FromSeconds(10));
        return LeaderOf(group)!;
    }

    /// <summary>Proposes at the leader and waits for the outcome.</summary>
    public CommandResult Put(string key, string value)
    {
        var range = RangeOf(key);
        return Run(Propose(WaitForLeaderOf(range.Group), range, TestBatch.Put(key, value)))[0];
    }

    /// <summary>Proposes until it is acknowledged: for puts, of which a second one does no harm.</summary>
    public void PutUntilAcknowledged(string key, string value)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Put(key, value);
                return;
            }
            catch (NodeException) when (attempt < 50)
            {
                RunFor(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    public Task<IReadOnlyList<CommandResult>> Propose(VirtualNode node, RangeDescriptor range, params Command[] commands)
    {
        var batch = TestBatch.Of(range, SoonEnough, null, commands);
        node.Node.Propose(batch);
        return batch.Done;
    }

    public string? Get(string key, ReadConsistency consistency = ReadConsistency.Linearizable, VirtualNode? at = null, TimeSpan maxStaleness = default)
    {
        var range = RangeOf(key);
        var node = at ?? WaitForLeaderOf(range.Group);
        var answer = Run(node.Node.GetAsync(new GetQuery(new RangeRoute(range.Id, range.Epoch), Encoding.UTF8.GetBytes(key), consistency, maxStaleness, null), CancellationToken.None));
        return answer.Value is { } value ? Encoding.UTF8.GetString(value.Value.Span) : null;
    }

    public LogIndex OpenSession(GroupId group)
    {
        var done = new TaskCompletionSource<LogIndex>();
        WaitForLeaderOf(group).Node.OpenSession(group, SoonEnough, (index, error) =>
        {
            if (error is null) done.SetResult(index);
            else done.SetException(new NodeException(error));
        });
        return Run(done.Task);
    }

    public ReplicaStatus StatusOf(VirtualNode node, GroupId group) => node.Node.Status().Replicas.Single(replica => replica.Group == group);

    /// <summary>The replicas of a group have applied the same, and their hashes say so.</summary>
    public void WaitUntilConverged(GroupId group)
    {
        RunUntil(() => Up.Select(node => StatusOf(node, group)).Select(status => (status.Applied, status.StateHash)).Distinct().Count() == 1
            && Up.All(node => StatusOf(node, group) is var status && status.Applied == status.Last), TimeSpan.FromSeconds(30),
            () => string.Join("; ", Up.Select(node => StatusOf(node, group))));
        Assert.All(Up, node => Assert.Null(StatusOf(node, group).Alarm));
    }

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);
}
