using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Leases with keys in all groups. While a client can be certain that its lease lives, counted from when it sent the newest confirmed renewal, its keys are there and it can be renewed;
/// in the end, when nobody renews any more, no key of any lease is left, and no group remembers one.
/// </summary>
internal sealed class LeaseWorkload(SimulationRun run) : IWorkload
{
    private const string Check = "lease";
    private static readonly string[] KeyPrefixes = ["b", "i", "q", "y"];
    /// <summary>Clocks that keep their bound end a lease after 1 / 1.025 of its time at the earliest.</summary>
    private const double Certain = 0.95;
    private static readonly TimeSpan TimeToLiveMax = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan EndOfAllMax = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CallTime = TimeSpan.FromSeconds(2);

    private readonly List<string> _keys = [];
    private readonly List<LeaseId> _leases = [];
    private int _numbers;

    public string Name => "lease";

    /// <summary>A lease as its client sees it.</summary>
    private sealed class Held(LeaseId id, TimeSpan timeToLive, long confirmed)
    {
        public LeaseId Id { get; } = id;
        public TimeSpan TimeToLive { get; } = timeToLive;
        /// <summary>When the newest confirmed request was sent.</summary>
        public long Confirmed { get; set; } = confirmed;
        public bool IsRevoked { get; set; }
        /// <summary>An answer has said so.</summary>
        public bool HasEnded { get; set; }
        public List<string> Keys { get; } = [];
    }

    public async Task RunAsync(SimulatedClient client)
    {
        while (!client.IsOver)
        {
            if (await GrantAsync(client) is not { } held)
            {
                await client.ThinkAsync();
                continue;
            }
            for (var steps = client.Random.Next(12); steps > 0 && !client.IsOver; steps--)
            {
                await StepAsync(client, held);
                await client.ThinkAsync();
            }
            if (client.Random.Chance(40)) await RevokeAsync(client, held);
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        await run.Cluster.DelayAsync(TimeToLiveMax);
        var until = run.Cluster.Clock.Now + EndOfAllMax;
        foreach (var key in _keys)
        {
            while (await client.ReadAsync(key, ReadConsistency.Quorum) is { Value: not null } && !run.IsHalted)
            {
                if (run.Cluster.Clock.Now > until)
                {
                    run.Findings.Report(Check, $"\"{key}\" is still there {EndOfAllMax.TotalSeconds} s after all leases had ended");
                    return;
                }
                await run.Cluster.DelayAsync(TimeSpan.FromMilliseconds(100));
            }
        }
        // Nobody can renew what has ended, whatever happened since.
        foreach (var owned in _leases.GroupBy(lease => lease.Owner))
        {
            foreach (var part in owned.Chunk(LeaseLimits.LeasesPerCommandMax))
            {
                var reply = await CallAsync(client, owned.Key, KeepAlive(part), CallRetry.UntilAnswered);
                if (!reply.IsAnswered) continue;
                var ended = reply.Answer.Response is { } response ? KeepLeasesAlive.Parser.ParseFrom(response).Leases.Count : 0;
                if (ended != part.Length) run.Findings.Report(Check, $"{part.Length - ended} leases of group {owned.Key} were renewed after they had ended");
            }
        }
    }

    public void Finish()
    {
    }

    private Task StepAsync(SimulatedClient client, Held held) => client.Random.Next(10) switch
    {
        < 3 => PutAsync(client, held),
        < 6 => RenewAsync(client, held),
        _ => ReadAsync(client, held),
    };

    private async Task<Held?> GrantAsync(SimulatedClient client)
    {
        var timeToLive = client.Random.Between(LeaseLimits.TimeToLiveMin, TimeToLiveMax);
        if (run.RangeOf(client.Random.Pick(KeyPrefixes)) is not { } near) return null;
        var sent = client.Time;
        var reply = await CallAsync(client, near.Group, new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = (ulong)timeToLive.TotalMicroseconds } }, CallRetry.WhenRefused);
        if (!reply.IsAnswered || reply.Answer.Status != CommandStatus.Ok) return null;
        var lease = new LeaseId((ulong)reply.Answer.Number);
        if (_leases.Contains(lease)) run.Findings.Report(Check, $"lease {lease} was granted twice");
        _leases.Add(lease);
        return new Held(lease, timeToLive, sent);
    }

    private async Task PutAsync(SimulatedClient client, Held held)
    {
        var key = $"{client.Random.Pick(KeyPrefixes)}-lease-{_numbers++}";
        _keys.Add(key);
        var outcome = await client.WriteAsync(key, new Command { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8("held"), Lease = held.Id.Value } });
        if (!outcome.IsDone) return;
        if (outcome.Result.Status == CommandStatus.Ok) held.Keys.Add(key);
        else if (outcome.Result.Status != CommandStatus.LeaseNotFound) run.Findings.Report(Check, $"a put with lease {held.Id} was answered with {outcome.Result.Status}");
        else ExpectEnded(client, held, "a put was refused");
    }

    private async Task RenewAsync(SimulatedClient client, Held held)
    {
        var sent = client.Time;
        var reply = await CallAsync(client, held.Id.Owner, KeepAlive([held.Id]), CallRetry.UntilAnswered);
        if (!reply.IsAnswered) return;
        if (!reply.Answer.Flag) ExpectEnded(client, held, "a renewal was refused");
        else if (held.HasEnded) run.Findings.Report(Check, $"lease {held.Id} was renewed after it had ended");
        else if (held.IsRevoked) run.Findings.Report(Check, $"lease {held.Id} was renewed after it had been revoked");
        else held.Confirmed = sent;
    }

    private async Task ReadAsync(SimulatedClient client, Held held)
    {
        if (held.Keys.Count == 0) return;
        var key = client.Random.Pick(held.Keys);
        if (await client.ReadAsync(key, run.TrustsLeases ? client.Random.Pick([ReadConsistency.Linearizable, ReadConsistency.Quorum, ReadConsistency.Follower]) : ReadConsistency.Quorum) is { Value: null })
            ExpectEnded(client, held, $"\"{key}\" was gone");
    }

    private async Task RevokeAsync(SimulatedClient client, Held held)
    {
        // From here on nothing is certain, whether it is answered or not.
        held.IsRevoked = true;
        var reply = await CallAsync(client, held.Id.Owner, new GroupCommand { RevokeLease = new RevokeLease { Lease = held.Id.Value } }, CallRetry.WhenRefused);
        if (!reply.IsAnswered) return;
        await RenewAsync(client, held);
        foreach (var key in held.Keys)
        {
            if (run.RangeOf(key)?.Group != held.Id.Owner) continue;
            if (await client.ReadAsync(key, ReadConsistency.Quorum) is { Value: not null }) run.Findings.Report(Check, $"\"{key}\" was there after lease {held.Id} of its own group had been revoked");
        }
    }

    private void ExpectEnded(SimulatedClient client, Held held, string what)
    {
        held.HasEnded = true;
        var age = TimeSpan.FromTicks((client.Time - held.Confirmed) / 100);
        if (run.TrustsLeases && !held.IsRevoked && age < held.TimeToLive * Certain)
            run.Findings.Report(Check, $"{what} {age.TotalSeconds} s after the newest renewal of lease {held.Id}, which lives for {held.TimeToLive.TotalSeconds} s");
    }

    private static GroupCommand KeepAlive(IEnumerable<LeaseId> leases) => new() { KeepLeasesAlive = new KeepLeasesAlive { Leases = { leases.Select(lease => lease.Value) } } };

    private static Task<Reply<CommandResult>> CallAsync(SimulatedClient client, GroupId group, GroupCommand command, CallRetry retry) =>
        client.Run.ClientNetwork.CallAsync<CommandResult>(client.Random.Pick(client.Run.Cluster.Nodes), CallTime * 1.5, (node, answer) =>
            node.Node.Propose(group, command, ClientBatch.DeadlineOf(node, CallTime), retry,
                (_, result, error) => answer(error is null ? Reply<CommandResult>.Of(result) : Reply<CommandResult>.Refused(error))));
}
