using System.Globalization;
using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>Counters that are incremented and read: an increment that was applied twice or lost shows in the numbers.</summary>
internal sealed class CounterWorkload(SimulationRun run) : IWorkload
{
    private static readonly string[] Keys = ["counter", "j-counter", "q-counter", "z-counter"];

    private readonly CounterCheck[] _checks = [.. Keys.Select(key => new CounterCheck(key, run.Findings))];
    private readonly long?[] _final = new long?[Keys.Length];

    public string Name => "counter";

    public async Task RunAsync(SimulatedClient client)
    {
        while (!client.IsOver)
        {
            var check = client.Random.Pick(_checks);
            if (client.Random.Chance(60)) await IncrementAsync(client, check);
            else await ReadAsync(client, check, run.TrustsLeases && client.Random.Chance(70) ? ReadConsistency.Linearizable : ReadConsistency.Follower);
            await client.ThinkAsync();
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        for (var i = 0; i < _checks.Length; i++) _final[i] = await ReadAsync(client, _checks[i], ReadConsistency.Quorum);
    }

    public void Finish()
    {
        for (var i = 0; i < _checks.Length; i++) _checks[i].Finish(_final[i]);
    }

    private static async Task IncrementAsync(SimulatedClient client, CounterCheck check)
    {
        var call = client.Time;
        var outcome = await client.WriteAsync(check.Key, new Command { Increment = new Increment { Key = ByteString.CopyFromUtf8(check.Key), Delta = 1 } });
        if (outcome.Knowledge == WriteKnowledge.Unknown) check.Unknown();
        else if (outcome is { IsDone: true, Result.Status: CommandStatus.Ok }) check.Incremented(call, client.Time, outcome.Result.Number);
    }

    private static async Task<long?> ReadAsync(SimulatedClient client, CounterCheck check, ReadConsistency consistency)
    {
        var call = client.Time;
        if (await client.ReadAsync(check.Key, consistency) is not { } answer) return null;
        var value = answer.Value is null ? 0 : long.Parse(answer.Value, CultureInfo.InvariantCulture);
        check.Read(call, client.Time, value);
        return value;
    }
}
