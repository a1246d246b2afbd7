using System.Globalization;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Critical sections: each reads a counter and writes it back greater by one, in several groups, under a lock. In half of them the holder stands still for longer than its lease lasts,
/// between reading and writing, so that another may have the lock when it goes on. Without fencing that loses updates, which shows that the check can find them.
/// </summary>
internal sealed class LockWorkload(SimulationRun run, Fencing fencing) : IWorkload
{
    private const string Sections = "critical sections", Paused = "of them with the holder paused beyond its lease", Refused = "fenced writes refused";
    private static readonly string[] KeyPrefixes = ["a", "h", "p", "x"];
    private static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(1), TimeToLiveMax = TimeSpan.FromSeconds(2), TimeToLiveAtLast = TimeSpan.FromSeconds(60);

    private readonly LockCheck[] _checks = [.. Enumerable.Range(0, 6).Select(number => new LockCheck($"lock-{number}", run.Findings))];

    public string Name => fencing == Fencing.On ? "lock" : "lock-without-fencing";

    public async Task RunAsync(SimulatedClient client)
    {
        var locks = new LockCaller(client);
        while (!client.IsOver)
        {
            await SectionAsync(client, locks, client.Random.Pick(_checks));
            await client.ThinkAsync();
        }
    }

    /// <summary>Whatever became of holders and of those who waited, every lock can be had.</summary>
    public async Task ReadAllAsync(SimulatedClient client)
    {
        var locks = new LockCaller(client);
        foreach (var check in _checks)
        {
            var lease = await locks.GrantAsync(check.Lock, TimeToLiveAtLast);
            var before = check.Newest;
            var token = lease.IsNone ? 0 : await locks.AcquireAsync(check.Lock, lease);
            if (token != 0) check.Acquired(before, token);
            else if (!run.IsHalted) run.Findings.Report(LockCheck.Had, $"lock {check.Lock} cannot be had though nobody uses it any more", SimulationVerdict.Stuck);
            if (run.IsHalted) return;
        }
    }

    public void Finish()
    {
        foreach (var check in _checks) check.Finish();
    }

    private async Task SectionAsync(SimulatedClient client, LockCaller locks, LockCheck check)
    {
        var timeToLive = client.Random.Between(TimeToLiveMin, TimeToLiveMax);
        var lease = await locks.GrantAsync(check.Lock, timeToLive);
        if (lease.IsNone) return;
        var before = check.Newest;
        var token = await locks.AcquireAsync(check.Lock, lease);
        if (token == 0) return;
        check.Acquired(before, token);
        run.Count(Sections);
        var pauses = client.Random.Chance(50);
        if (pauses) run.Count(Paused);
        var fence = new Fence { Lock = check.Lock, Token = token };
        // A first write makes the group known to the lock; a later one comes from a group that has to be told of the end.
        if (client.Random.Chance(50)) await AddAsync(client, check, KeyFor(client, check), fence, TimeSpan.Zero);
        await AddAsync(client, check, KeyFor(client, check), fence, pauses ? timeToLive * (1 + client.Random.Next(100) / 80.0) : TimeSpan.Zero);
        if (!pauses || client.Random.Chance(30)) await locks.ReleaseAsync(check.Lock, token);
    }

    private async Task AddAsync(SimulatedClient client, LockCheck check, string key, Fence fence, TimeSpan pause)
    {
        if (await client.ReadAsync(key, ReadConsistency.Quorum) is not { } read) return;
        if (pause > TimeSpan.Zero) await run.Cluster.DelayAsync(pause);
        var value = (read.Value is null ? 1 : 1 + long.Parse(read.Value, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture);
        var newest = check.Newest;
        var outcome = await client.WriteAsync(key, new Command
        {
            Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) }, Fence = fencing == Fencing.On ? fence : null,
        });
        if (outcome is { IsDone: true, Result.Status: CommandStatus.Ok }) check.Accepted(key, fence.Token, newest, outcome.Result.Revision, value);
        else if (outcome is { IsDone: true, Result.Status: CommandStatus.Fenced }) run.Count(Refused);
        else if (outcome.IsDone) run.Findings.Report(LockCheck.OldAccepted, $"a write of \"{key}\" with token {fence.Token} of lock {check.Lock} was answered with {outcome.Result.Status}");
    }

    private static string KeyFor(SimulatedClient client, LockCheck check) => $"{client.Random.Pick(KeyPrefixes)}-{check.Lock}";
}

/// <summary>Whether the writes of a section carry its token.</summary>
internal enum Fencing
{
    On,
    Off,
}
