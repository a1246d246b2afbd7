using System.Text;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Elections: every other client campaigns, says who it is, stands still beyond its lease, and resigns or is lost; the others observe, and ask any node who leads. In the end every
/// election can be won, and every node tells its observers of it.
/// </summary>
internal sealed class ElectionWorkload(SimulationRun run) : IWorkload
{
    private const string Won = "campaigns won", Proclaimed = "proclamations", Refused = "of them refused", Asked = "questions who leads";
    /// <summary>Of so many clients so many campaign.</summary>
    private const int ElectionCount = 4, CandidatesOf = 2, Candidates = 1;
    private static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(1), TimeToLiveMax = TimeSpan.FromSeconds(4), TimeToLiveAtLast = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ObservationMax = TimeSpan.FromSeconds(6), ToldMax = TimeSpan.FromSeconds(5), Look = TimeSpan.FromMilliseconds(20);

    private readonly ElectionCheck[] _checks = [.. Enumerable.Range(0, ElectionCount).Select(number => new ElectionCheck($"election-{number}", run.TrustsLeases, run.Findings))];
    private int _values;

    public string Name => "election";

    public async Task RunAsync(SimulatedClient client)
    {
        while (!client.IsOver)
        {
            if (client.Number % CandidatesOf < Candidates) await StandAsync(client, client.Random.Pick(_checks));
            else await ObserveAsync(client, client.Random.Pick(_checks));
            await client.ThinkAsync();
        }
    }

    /// <summary>Whatever became of leaders and of those who waited, every election can be won, and every node tells of it, of a proclamation, and of the end.</summary>
    public async Task ReadAllAsync(SimulatedClient client)
    {
        var (locks, caller) = (new LockCaller(client), new ElectionCaller(client));
        foreach (var check in _checks)
        {
            var isOver = false;
            List<ElectionObserver> observers = [.. run.Cluster.Nodes.Where(node => node.IsUp && !run.Machines.IsDamaged(node) && node.Node.Locks.IsHere(check.Election)).Select(node => new ElectionObserver(client, check, node))];
            var observing = observers.Select(observer => ObserveOnAsync(observer, () => isOver)).ToList();
            var candidacy = await CampaignAsync(client, locks, check, TimeToLiveAtLast);
            if (candidacy is not { Token: not 0 }) Stuck(check, "it cannot be won though nobody else wants it any more");
            else
            {
                await ProclaimAsync(client, caller, check, candidacy);
                if (!run.IsHalted && candidacy.Proclamations is [{ Done: Candidacy.Never }]) Stuck(check, "its leader cannot proclaim anything");
                await TellAsync(check, observers, candidacy.Token, candidacy.Proclamations[0].Value);
                await ResignAsync(client, locks, check, candidacy);
                await TellAsync(check, observers, 0, "");
            }
            isOver = true;
            await Task.WhenAll(observing);
            if (run.IsHalted) return;
        }
    }

    public void Finish()
    {
        foreach (var check in _checks) check.Finish();
    }

    private async Task StandAsync(SimulatedClient client, ElectionCheck check)
    {
        var (locks, caller) = (new LockCaller(client), new ElectionCaller(client));
        var candidacy = await CampaignAsync(client, locks, check, client.Random.Between(TimeToLiveMin, TimeToLiveMax));
        if (candidacy is null) return;
        if (candidacy.Token != 0)
        {
            candidacy.IsKept = client.Random.Chance(70);
            var keeper = KeepAsync(client, caller, candidacy);
            for (var steps = client.Random.Next(8); steps > 0 && !client.IsOver; steps--) await LeadAsync(client, caller, check, candidacy);
            candidacy.IsKept = false;
            if (client.Random.Chance(50)) await ResignAsync(client, locks, check, candidacy);
            await keeper;
        }
        if (client.Random.Chance(40)) await RevokeAsync(client, caller, check, candidacy);
        if (client.Random.Chance(50)) await AskAsync(client, caller, check);
    }

    private async Task LeadAsync(SimulatedClient client, ElectionCaller caller, ElectionCheck check, Candidacy candidacy)
    {
        switch (client.Random.Next(10))
        {
            case < 5:
                await ProclaimAsync(client, caller, check, candidacy);
                break;
            case < 9:
                await AskAsync(client, caller, check);
                break;
            default:
                candidacy.IsKept = false;
                await run.Cluster.DelayAsync(candidacy.TimeToLive * (client.Random.Next(150) / 100.0));
                break;
        }
        await client.ThinkAsync();
    }

    /// <summary>Null when there was no lease to campaign with.</summary>
    private async Task<Candidacy?> CampaignAsync(SimulatedClient client, LockCaller locks, ElectionCheck check, TimeSpan timeToLive)
    {
        var granted = client.Time;
        var lease = await locks.GrantAsync(check.Election, timeToLive);
        if (lease.IsNone) return null;
        var (session, sequence) = await client.SequenceAsync(lease.Owner);
        var candidacy = check.Campaign(lease, timeToLive, NewValue(), granted, winsOnce: !session.IsNone);
        candidacy.Called = client.Time;
        var token = await locks.AcquireAsync(new LockAcquisition(check.Election, lease) { Value = Encoding.UTF8.GetBytes(candidacy.Value), Session = session, Sequence = sequence, LowestAwaited = sequence });
        if (token == 0) return candidacy;
        (candidacy.Token, candidacy.WonAt) = (token, client.Time);
        run.Count(Won);
        return candidacy;
    }

    private async Task KeepAsync(SimulatedClient client, ElectionCaller caller, Candidacy candidacy)
    {
        while (candidacy.IsKept && !run.IsHalted)
        {
            var sent = client.Time;
            var reply = await caller.RenewAsync(candidacy.Lease);
            if (reply is { IsAnswered: true, Answer.Flag: true }) candidacy.Confirmed = sent;
            else if (reply.IsAnswered) return;
            await run.Cluster.DelayAsync(candidacy.TimeToLive / 3);
        }
    }

    private async Task ProclaimAsync(SimulatedClient client, ElectionCaller caller, ElectionCheck check, Candidacy candidacy)
    {
        var proclamation = new Proclamation(NewValue(), client.Time);
        candidacy.Proclamations.Add(proclamation);
        var reply = await caller.ProclaimAsync(check.Election, candidacy.Token, (ulong)candidacy.Proclamations.Count, Encoding.UTF8.GetBytes(proclamation.Value));
        run.Count(Proclaimed);
        if (reply.IsAnswered) proclamation.Done = client.Time;
        else if (reply.Error is { Code: Node.NodeErrorCode.Fenced })
        {
            run.Count(Refused);
            check.Ended(candidacy, client.Time);
        }
        else if (reply.Error is { } unknown) run.Findings.Report(ElectionCheck.Name, $"election {check.Election}: a proclamation with token {candidacy.Token} was answered with: {unknown.Message}");
    }

    private async Task ResignAsync(SimulatedClient client, LockCaller locks, ElectionCheck check, Candidacy candidacy)
    {
        candidacy.EndCalled = Math.Min(candidacy.EndCalled, client.Time);
        var reply = await locks.ReleaseAsync(check.Election, candidacy.Token);
        if (reply.IsAnswered) check.Ended(candidacy, client.Time);
        else if (reply.Error is { } unknown) run.Findings.Report(ElectionCheck.Name, $"election {check.Election}: a resignation with token {candidacy.Token} was answered with: {unknown.Message}");
    }

    private static async Task RevokeAsync(SimulatedClient client, ElectionCaller caller, ElectionCheck check, Candidacy candidacy)
    {
        candidacy.EndCalled = Math.Min(candidacy.EndCalled, client.Time);
        var reply = await caller.RevokeAsync(check.Election, candidacy.Lease);
        if (reply is { IsAnswered: true, Answer.Status: CommandStatus.Ok or CommandStatus.LeaseNotFound }) candidacy.LeaseEnded = Math.Min(candidacy.LeaseEnded, client.Time);
    }

    private async Task AskAsync(SimulatedClient client, ElectionCaller caller, ElectionCheck check)
    {
        var call = client.Time;
        var reply = await caller.LeaderAsync(check.Election);
        if (!reply.IsAnswered) return;
        check.Seen(call, client.Time, reply.Answer!);
        run.Count(Asked);
    }

    /// <summary>Observes at one node, and asks others meanwhile.</summary>
    private async Task ObserveAsync(SimulatedClient client, ElectionCheck check)
    {
        var caller = new ElectionCaller(client);
        var until = run.Cluster.Clock.Now + client.Random.Between(TimeSpan.Zero, ObservationMax);
        bool IsDone() => client.IsOver || run.Cluster.Clock.Now >= until;
        var observing = new ElectionObserver(client, check, client.Random.Pick(run.Cluster.Nodes)).ObserveAsync(IsDone);
        while (!IsDone())
        {
            await AskAsync(client, caller, client.Random.Chance(70) ? check : client.Random.Pick(_checks));
            await client.ThinkAsync();
        }
        await observing;
    }

    /// <summary>Again where an observation ends, as the node may refuse it for a moment.</summary>
    private async Task ObserveOnAsync(ElectionObserver observer, Func<bool> isDone)
    {
        while (!isDone() && !run.IsHalted)
        {
            await observer.ObserveAsync(isDone);
            await run.Cluster.DelayAsync(Look);
        }
    }

    private async Task TellAsync(ElectionCheck check, List<ElectionObserver> observers, ulong token, string value)
    {
        var until = run.Cluster.Clock.Now + ToldMax;
        while (!run.IsHalted && observers.FirstOrDefault(observer => observer.Last is not { } last || last.Token != token || last.Value != value) is { } untold)
        {
            if (run.Cluster.Clock.Now > until)
            {
                run.Findings.Report(ElectionCheck.Name, $"election {check.Election}: {ToldMax.TotalSeconds} s after token {token} with \"{value}\" was shown, node {untold.Node} still tells its observers of {untold.Last}");
                return;
            }
            await run.Cluster.DelayAsync(Look);
        }
    }

    private void Stuck(ElectionCheck check, string what)
    {
        if (!run.IsHalted) run.Findings.Report(ElectionCheck.Name, $"election {check.Election}: {what}", SimulationVerdict.Stuck);
    }

    private string NewValue() => $"v{++_values}";
}
