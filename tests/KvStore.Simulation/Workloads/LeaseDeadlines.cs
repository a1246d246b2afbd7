using System.Text;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// How exact the ends of leases are while nothing happens but that one leader after the other loses its leadership: never before the time to live has passed since the newest confirmed
/// renewal was sent, and at most one election timeout, and what an election takes beside it, after that much time since it was answered.
/// </summary>
internal sealed class LeaseDeadlines(SimulationRun run) : IWorkload
{
    private const string Check = "lease deadlines", Leases = "leases that ended", LeaderChanges = "changes of leaders";
    /// <summary>Messages and syncs of an election and of the entry that ends leases.</summary>
    private static readonly TimeSpan Overhead = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan TimeToLiveMax = TimeSpan.FromSeconds(6);
    /// <summary>The deadline lies somewhere between request and answer.</summary>
    private static readonly TimeSpan CertainMax = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(2);
    /// <summary>How exactly the end of a lease is seen.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan OutageMax = TimeSpan.FromSeconds(2);
    private static readonly string[] KeyPrefixes = ["b", "i", "q", "y"];

    private readonly SortedDictionary<string, Held> _held = new(StringComparer.Ordinal);
    private bool _isDisturbed;
    private int _numbers;

    public string Name => "lease-deadlines";

    public FaultSource Faults => FaultSource.Workload;

    private TimeSpan ElectionTimeout => run.Cluster.OptionsOf(new NodeId(1)).ElectionTimeoutMax;

    /// <summary>A lease with the one key that shows its end.</summary>
    /// <param name="Put">The revision at which the key was written; nobody writes it again.</param>
    private sealed record Held(LeaseId Lease, TimeSpan TimeToLive, RangeDescriptor Range, string Key, Revision Put)
    {
        /// <summary>When the newest confirmed request was sent, and when it was answered.</summary>
        public MonotonicTime Sent { get; set; }
        public MonotonicTime Answered { get; set; }
        /// <summary>A renewal has no answer: it may count or not.</summary>
        public bool IsUnclear { get; set; }
        public bool HasEnded { get; set; }
    }

    public async Task RunAsync(SimulatedClient client)
    {
        if (!_isDisturbed) Disturb();
        while (!client.IsOver)
        {
            if (await GrantAsync(client) is { } held) await HoldAsync(client, held);
            await client.ThinkAsync();
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        await run.Cluster.DelayAsync(TimeToLiveMax + ElectionTimeout + Overhead);
        foreach (var held in _held.Values)
            if (!held.HasEnded) Wrong(held, "it has not ended");
    }

    public void Finish()
    {
    }

    private async Task<Held?> GrantAsync(SimulatedClient client)
    {
        var timeToLive = client.Random.Between(LeaseLimits.TimeToLiveMin, TimeToLiveMax);
        var key = $"{client.Random.Pick(KeyPrefixes)}-deadline-{_numbers++}";
        if (run.RangeOf(key) is not { } range) return null;
        var sent = run.Cluster.Clock.Now;
        var reply = await CallAsync(client, range.Group, new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } }, CallRetry.WhenRefused);
        if (!reply.IsAnswered || reply.Answer.Status != CommandStatus.Ok) return null;
        var answered = run.Cluster.Clock.Now;
        var lease = new LeaseId((ulong)reply.Answer.Number);
        var outcome = await client.WriteAsync(key, new Command { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8("held"), Lease = lease.Value } });
        if (outcome is not { IsDone: true, Result.Status: CommandStatus.Ok }) return null;
        var held = new Held(lease, timeToLive, range, key, outcome.Result.Revision) { Sent = sent, Answered = answered };
        Watch(held);
        return held;
    }

    private async Task HoldAsync(SimulatedClient client, Held held)
    {
        for (var renewals = client.Random.Next(4); renewals > 0 && !client.IsOver && !held.HasEnded; renewals--)
        {
            await run.Cluster.DelayAsync(held.TimeToLive * (client.Random.Next(100) / 100.0));
            var sent = run.Cluster.Clock.Now;
            held.IsUnclear = true;
            var reply = await CallAsync(client, held.Lease.Owner, new GroupCommand { KeepLeasesAlive = new KeepLeasesAlive { Leases = { held.Lease.Value } } }, CallRetry.UntilAnswered);
            if (!reply.IsAnswered) return;
            held.IsUnclear = false;
            if (reply.Answer.Flag) (held.Sent, held.Answered) = (sent, run.Cluster.Clock.Now);
        }
    }

    private async void Watch(Held held)
    {
        _held.Add(held.Key, held);
        while (!run.IsHalted && !IsGone(held)) await run.Cluster.DelayAsync(Look);
        if (run.IsHalted) return;
        var now = run.Cluster.Clock.Now;
        held.HasEnded = true;
        if (now < held.Sent + held.TimeToLive) Wrong(held, $"it ended {(held.Sent + held.TimeToLive - now).TotalMilliseconds} ms early");
        run.Count(Leases);
        var late = now - (held.Answered + held.TimeToLive);
        if (held.IsUnclear || held.Answered - held.Sent > CertainMax) run.Count("of them whose renewal was not answered in time to tell how late");
        else run.Count(late.TotalMilliseconds switch { <= 20 => "of them up to 20 ms late", <= 500 => "of them 20 to 500 ms late", <= 1000 => "of them 500 to 1000 ms late", _ => "of them more than 1000 ms late" });
        if (!held.IsUnclear && late > ElectionTimeout + Overhead) Wrong(held, $"it ended {late.TotalMilliseconds} ms late");
    }

    private void Wrong(Held held, string what) => run.Findings.Report(Check, $"lease {held.Lease} of {held.TimeToLive.TotalSeconds} s, confirmed at {held.Sent.Nanoseconds / 1e9} s: {what}");

    /// <summary>Whether some replica has applied that the lease's key is deleted; what is applied is committed.</summary>
    private bool IsGone(Held held)
    {
        foreach (var node in run.Cluster.Nodes)
        {
            if (!node.IsUp || node.Node.Map is null) continue;
            try
            {
                // A stale read is answered at once. A replica that has not seen the key yet does not count.
                var store = node.Node.BarrierAsync(held.Range.Group, ReadConsistency.Stale, default, CancellationToken.None).Result.Owned.Find(held.Range.Id)?.Store;
                if (store is not null && store.Revision >= held.Put && !store.TryGet(Encoding.UTF8.GetBytes(held.Key), null, out _)) return true;
            }
            catch (Exception none) when (none is NodeException or SnapshotEndedException or ObjectDisposedException)
            {
                // There is nothing to see on this node now.
                continue;
            }
        }
        return false;
    }

    /// <summary>One leader after the other loses its leadership; each time the cluster is whole again before the next one.</summary>
    private async void Disturb()
    {
        _isDisturbed = true;
        var random = VirtualRandom.Stream(run.Seed, "leaders");
        while (!run.IsOver && !run.IsHalted)
        {
            await run.Cluster.DelayAsync(random.Between(TimeSpan.FromMilliseconds(100), OutageMax));
            var group = new GroupId((ulong)random.Next(run.Groups));
            if (run.Cluster.LeaderOf(group) is not { } leader || run.IsOver) continue;
            var before = run.Cluster.StatusOf(leader, group).Term;
            await LoseLeadershipAsync(leader, group, random);
            while (!run.IsHalted && (run.Cluster.LeaderOf(group) is not { } next || run.Cluster.StatusOf(next, group).Term == before) && !run.IsOver) await run.Cluster.DelayAsync(Look);
            run.Count(LeaderChanges);
        }
    }

    private async Task LoseLeadershipAsync(VirtualNode leader, GroupId group, VirtualRandom random)
    {
        switch (random.Next(4))
        {
            case 0:
                leader.Node.TransferLeadership(group, random.Pick(run.Cluster.Nodes).Id);
                break;
            case 1:
                run.Cluster.Network.Isolate(leader.Id, run.Cluster.Nodes.Where(other => other != leader).Select(other => other.Id));
                await run.Cluster.DelayAsync(OutageMax);
                run.Cluster.Network.Heal();
                break;
            case 2:
                leader.Freeze(OutageMax);
                await run.Cluster.DelayAsync(OutageMax);
                break;
            default:
                leader.Kill();
                await run.Cluster.DelayAsync(OutageMax);
                run.Machines.Start(leader);
                break;
        }
    }

    private static Task<Reply<CommandResult>> CallAsync(SimulatedClient client, GroupId group, GroupCommand command, CallRetry retry) =>
        client.Run.ClientNetwork.CallAsync<CommandResult>(client.Random.Pick(client.Run.Cluster.Nodes), CallTime, (node, answer) =>
            node.Node.Propose(group, command, ClientBatch.DeadlineOf(node, CallTime), retry,
                (_, result, error) => answer(error is null ? Reply<CommandResult>.Of(result) : Reply<CommandResult>.Refused(error))));
}
