using System.Text;
using KvStore.Node;
using KvStore.Node.Locks;
using KvStore.Node.Placement;
using KvStore.Raft;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Faults;
using KvStore.Simulation.Workloads;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Running;

/// <summary>
/// One seed from start to end: a first start, clients under faults (safety), a healed majority that has to go on (liveness), a last look at everything, and the checks that need the
/// whole history.
/// </summary>
internal sealed class SimulationRun : IDisposable
{
    private readonly Nemesis _nemesis;
    private readonly ReplicaBook _book;
    private readonly FaultPlan _plan;
    private readonly IReadOnlyList<IWorkload> _workloads;
    private int _historyNumbers = 1_000_000;
    private int _clientsRunning;
    private long _operations;
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public SimulationRun(ulong seed, SimulationOptions options)
    {
        (Seed, Options) = (seed, options);
        Shape = ClusterShape.Of(seed);
        Cluster = new VirtualCluster(seed, Shape.Nodes, options.Trace) { Configure = Shape.Configure };
        Findings = new Findings(() => Cluster.IsHalted = true);
        Machines = new Machines(this);
        ClientNetwork = new ClientNetwork(Cluster);
        Freshness = new FreshnessCheck(Cluster.Clock, Findings) { TrustsLeases = TrustsLeases };
        SessionAnswers = new SessionAnswersCheck(Findings);
        Answers = new AnswersCheck(Cluster.Clock, Findings);
        _book = new ReplicaBook(CheckList.Make(Findings, TrustsLeases, replica => Machines.IsDamaged(Cluster.Nodes[(int)replica.Node.Value - 1])));
        new ReplicaWatch(Cluster, _book);
        _plan = FaultPlan.Of(seed, options.Duration);
        _nemesis = new Nemesis(this, _plan);
        _workloads = WorkloadList.Make(this, options.Workload);
    }

    public ulong Seed { get; }
    public SimulationOptions Options { get; }
    public ClusterShape Shape { get; }
    public VirtualCluster Cluster { get; }
    public Findings Findings { get; }
    public Machines Machines { get; }
    public ClientNetwork ClientNetwork { get; }
    public FreshnessCheck Freshness { get; }
    public SessionAnswersCheck SessionAnswers { get; }
    public AnswersCheck Answers { get; }

    public TimeSpan ThinkTimeMin => TimeSpan.FromMilliseconds(20);
    public TimeSpan ThinkTimeMax => TimeSpan.FromMilliseconds(150);

    /// <summary>Whether clocks stay within the drift that the leader lease allows for; if not, no client asks for a read that relies on it.</summary>
    public bool TrustsLeases => Shape.ClocksKeepTheirBound;

    /// <summary>The meta group and those with data.</summary>
    public int Groups => 1 + Shape.DataGroups;

    /// <summary>The clients are to end.</summary>
    public bool IsOver { get; private set; }

    public bool IsHalted => Cluster.IsHalted;

    /// <summary>A fault has left a disk without room at some time.</summary>
    public bool DiskWasFull { get; set; }

    /// <summary>How often some replica became the leader of its group.</summary>
    public long Leaderships => _book.Leaderships;

    public int NewHistoryNumber() => _historyNumbers++;

    public void OperationAnswered() => _operations++;

    /// <summary>Something that a workload did and that the totals show.</summary>
    public void Count(string what, long times = 1) => _counts[what] = _counts.GetValueOrDefault(what) + times;

    /// <summary>The group that decides on a lock; null before any map is known.</summary>
    public GroupId? HomeOf(string name)
    {
        RangeOf("");
        return KnownMap?.Resolve(KeyspaceId.System, LockKeys.KeyOf(name))?.Group;
    }

    /// <summary>The newest map that any node had; clients remember it when no node is up.</summary>
    public RangeDescriptor? RangeOf(string key)
    {
        foreach (var node in Cluster.Nodes)
            if (node.IsUp && node.Node.Map is { } map && (KnownMap is null || map.Revision > KnownMap.Revision)) KnownMap = map;
        return KnownMap?.Resolve(KeyspaceId.Default, Encoding.UTF8.GetBytes(key));
    }

    public ClusterMap? KnownMap { get; private set; }

    public string DescribeDown() => string.Join(", ", Cluster.Nodes.Where(node => !node.IsUp || node.IsFrozen).Select(node => node.IsUp ? $"{node.Id} (still)" : $"{node.Id}"));

    public SimulationOutcome Run()
    {
        try
        {
            StartCluster();
            RunUnderFaults();
            new Recovery(this).Run();
            ReadEverything();
            Answers.Finish();
        }
        catch (SimulationException stuck)
        {
            Findings.Report("liveness", stuck.Message, SimulationVerdict.Stuck);
        }
        catch (Exception unexpected)
        {
            Findings.Report("exception", unexpected.ToString());
        }
        if (Findings.First is null)
            foreach (var workload in _workloads) workload.Finish();
        return Outcome();
    }

    private void StartCluster()
    {
        foreach (var node in Cluster.Nodes)
        {
            node.Clock.StartFrom(new MonotonicTime(Cluster.Random.Between(1_000_000_000, 1_000_000_000_000)));
            Machines.Start(node);
        }
        new Recovery(this).WaitUntilReady(Cluster.Nodes);
    }

    private void RunUnderFaults()
    {
        var count = Options.Clients ?? Shape.Clients;
        for (var i = 0; i < count; i++) Watch(_workloads[i % _workloads.Count].RunAsync(new SimulatedClient(this, i)));
        if (_workloads.All(workload => workload.Faults == FaultSource.Plan)) _nemesis.Start();
        Cluster.RunFor(Options.Duration);
        _nemesis.EndAll();
        IsOver = true;
    }

    /// <summary>Clients are tasks that never fail but by a mistake of the simulation.</summary>
    private async void Watch(Task client)
    {
        _clientsRunning++;
        try
        {
            await client;
        }
        catch (Exception mistake)
        {
            Findings.Report("client", mistake.ToString());
        }
        _clientsRunning--;
    }

    private void ReadEverything()
    {
        if (IsHalted) return;
        for (var i = 0; i < _workloads.Count; i++) Watch(_workloads[i].ReadAllAsync(new SimulatedClient(this, NewHistoryNumber())));
        WaitForClients();
    }

    public void WaitForClients() => new Recovery(this).Wait(() => _clientsRunning == 0, () => $"{_clientsRunning} clients have not ended");

    private SimulationOutcome Outcome() => new()
    {
        Seed = Seed,
        Verdict = Findings.First?.Verdict ?? SimulationVerdict.Passed,
        Check = Findings.First?.Check,
        Message = Findings.First?.Message,
        Replay = ReplayCommand.Of(Seed, Options),
        Simulated = TimeSpan.FromTicks(Cluster.Clock.Now.Nanoseconds / 100),
        Operations = _operations,
        Counts = _counts,
        Faults = _nemesis.Injected,
        FaultsPlanned = _plan.Faults.Count,
        TraceHash = Cluster.Trace.Hash,
        TraceSeconds = Cluster.Trace.Seconds,
    };

    public void Dispose() => Cluster.Dispose();
}
