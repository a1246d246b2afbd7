using System.Text;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.Replicas;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Simulation.World;

/// <summary>
/// A cluster on one thread: virtual time, network, disks and workers, all from one seed. Run lets the world go on until a task is done.
/// </summary>
internal sealed class VirtualCluster : IDisposable
{
    /// <summary>Processes that stand still in the middle of something, each on top of the one before.</summary>
    private const int NestingMax = 4;

    private static readonly Action Nothing = static () => { };

    private readonly VirtualContext _context = new();
    private readonly SynchronizationContext? _before = SynchronizationContext.Current;
    private readonly IReadOnlyList<Founder> _founders;
    private readonly VirtualNode[] _nodes;
    /// <summary>How many workers of each node may run, as <see cref="CountRunnable"/> last found.</summary>
    private readonly int[] _runnable;
    private int _nesting;

    public VirtualCluster(ulong seed, int nodes = 3, TextWriter? trace = null)
    {
        SynchronizationContext.SetSynchronizationContext(_context);
        Seed = seed;
        Random = new VirtualRandom(seed);
        Trace = new TraceLog(Clock, trace);
        Network = new VirtualNetwork(Clock, VirtualRandom.Stream(seed, "network"), Trace);
        _founders = [.. Enumerable.Range(1, nodes).Select(i => new Founder(new NodeId((ulong)i), $"10.0.0.{i}:7100", $"10.0.0.{i}:7200"))];
        _nodes = [.. _founders.Select(founder => new VirtualNode(this, founder.Id))];
        _runnable = new int[_nodes.Length];
    }

    public ulong Seed { get; }
    public VirtualRandom Random { get; }
    public VirtualClock Clock { get; } = new();
    public TraceLog Trace { get; }
    public VirtualNetwork Network { get; }
    public IReadOnlyList<VirtualNode> Nodes => _nodes;
    public IEnumerable<VirtualNode> Up => _nodes.Where(node => node.IsUp);
    public MonotonicTime SoonEnough => Clock.Now + TimeSpan.FromSeconds(5);

    /// <summary>Changes what <see cref="OptionsOf"/> gives to every node.</summary>
    public Func<NodeOptions, NodeOptions>? Configure { get; set; }

    /// <summary>Called after each turn of a worker.</summary>
    public Action<VirtualNode, VirtualWorker>? TurnEnded { get; set; }

    /// <summary>Makes what is to see the replicas of a node in its next life; null: nothing does.</summary>
    public Func<VirtualNode, IReplicaObserver?> Observe { get; set; } = static _ => null;

    /// <summary>Something was found: the world is not to go on.</summary>
    public bool IsHalted { get; set; }

    public bool MayNest => _nesting < NestingMax;

    public ILoggerFactory LoggersOf(NodeId id) => Trace.IsWritten ? new TraceLoggerFactory(Trace, id) : NullLoggerFactory.Instance;

    public NodeOptions OptionsOf(NodeId id)
    {
        var options = new NodeOptions
        {
            Id = id, DataDirectory = $"/data/{id}", Founders = _founders, Token = "test", DataGroups = 2, DiskReserveBytes = 1 << 20, WalSegmentBytes = 1 << 20, WalTargetBytes = 4 << 20,
        };
        return Configure?.Invoke(options) ?? options;
    }

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
            if (Clock.Now >= end) throw new SimulationException($"seed {Seed}: not within {limit}: {state?.Invoke()} {string.Join("; ", Up.Select(node => node.Node.Failure))}");
            Step();
        }
    }

    public void RunFor(TimeSpan time)
    {
        var end = Clock.Now + time;
        Clock.At(end, Nothing);
        while (Clock.Now < end && !IsHalted) Step();
    }

    /// <summary>Lets everybody else go on while one process stands in the middle of something, until the time is over or the process.</summary>
    public void RunAside(TimeSpan time, NodeLife standing)
    {
        _nesting++;
        var end = Clock.Now + time;
        Clock.At(end, Nothing);
        while (Clock.Now < end && !standing.HasEnded && !IsHalted) Step();
        _nesting--;
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

    /// <summary>One thing happens: a continuation, an event that is due, or a turn of a worker, picked by chance; if there is none, time goes on.</summary>
    private void Step()
    {
        if (_context.RunOne() || Clock.RunDue()) return;
        var now = Clock.Now.Nanoseconds;
        var (runnable, next) = CountRunnable(now);
        if (runnable > 0)
        {
            var (node, worker) = FindRunnable(Random.Next(runnable), now);
            Trace.Turn(node.Id, worker.Name);
            worker.RunTurn();
            // A turn takes time, so that no two inputs of a loop carry the same.
            Clock.Advance(Clock.Now + TimeSpan.FromMicroseconds(1 + Random.Next(20)));
            TurnEnded?.Invoke(node, worker);
            return;
        }
        if (Clock.NextEvent is { } due) next = Math.Min(next, due.Nanoseconds);
        if (next == long.MaxValue) throw new SimulationException($"seed {Seed}: nothing will ever happen again");
        Clock.Advance(new MonotonicTime(next));
    }

    /// <summary>How many workers may run now, and from when on the next one may.</summary>
    private (int Runnable, long Next) CountRunnable(long now)
    {
        var (runnable, next) = (0, long.MaxValue);
        for (var i = 0; i < _nodes.Length; i++)
        {
            var node = _nodes[i];
            var (here, nextHere) = node.MayRun ? node.Workers.Count(now) : (0, long.MaxValue);
            _runnable[i] = here;
            runnable += here;
            if (nextHere < next) next = nextHere;
        }
        return (runnable, next);
    }

    /// <summary>One of those that <see cref="CountRunnable"/> counted.</summary>
    private (VirtualNode Node, VirtualWorker Worker) FindRunnable(int number, long now)
    {
        var place = 0;
        for (; number >= _runnable[place]; place++) number -= _runnable[place];
        var node = _nodes[place];
        var times = node.Workers.RunnableFrom;
        for (var i = 0; i < times.Length; i++)
            if (times[i] <= now && number-- == 0) return (node, node.Workers.Workers[i]);
        throw new InvalidOperationException("less may run than was counted");
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
        return Run(Propose(WaitForLeaderOf(range.Group), range, VirtualBatch.Put(key, value)))[0];
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
        var batch = VirtualBatch.Of(range, SoonEnough, null, commands);
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
        if (Up.FirstOrDefault(node => StatusOf(node, group).Alarm is not null) is { } alarmed) throw new SimulationException($"seed {Seed}: node {alarmed.Id}: {StatusOf(alarmed, group).Alarm}");
    }

    public void Dispose() => SynchronizationContext.SetSynchronizationContext(_before);
}
