using Google.Protobuf;
using KvStore.Linearizability;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Registers: put, delete, compare-and-swap and every kind of read that promises something, on few keys at a time, so that clients meet; after some seconds on other keys, so that the
/// histories stay short enough to be decided. Every written value is unique.
/// </summary>
internal sealed class RegisterWorkload(SimulationRun run) : IWorkload
{
    private const long KeyLifeNanoseconds = 12_000_000_000;
    private static readonly string[] KeyPrefixes = ["a", "h", "p", "x"];
    private static readonly TimeSpan[] Bounds = [TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    private readonly LinearizabilityCheck _check = new(run.Findings);
    private readonly SortedSet<string> _keys = new(StringComparer.Ordinal);
    private long _values;

    public string Name => "register";

    public async Task RunAsync(SimulatedClient client)
    {
        string? last = null;
        while (!client.IsOver)
        {
            var key = $"{client.Random.Pick(KeyPrefixes)}{client.Time / KeyLifeNanoseconds}";
            _keys.Add(key);
            switch (client.Random.Next(100))
            {
                case < 35: last = await ReadAsync(client, key, PickConsistency(client)) ?? last; break;
                case < 42: await client.ReadAsync(key, ReadConsistency.Bounded, client.Random.Pick(Bounds)); break;
                case < 44: await client.ReadAsync(key, ReadConsistency.Stale); break;
                case < 75: last = await PutAsync(client, key); break;
                case < 82: await DeleteAsync(client, key); break;
                default: last = await CompareAndSwapAsync(client, key, last); break;
            }
            await client.ThinkAsync();
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        foreach (var key in _keys) await ReadAsync(client, key, ReadConsistency.Quorum);
    }

    public void Finish() => _check.Finish();

    private ReadConsistency PickConsistency(SimulatedClient client) => client.Random.Next(10) switch
    {
        < 6 => run.TrustsLeases ? ReadConsistency.Linearizable : ReadConsistency.Quorum,
        < 8 => ReadConsistency.Quorum,
        _ => ReadConsistency.Follower,
    };

    private async Task<string?> ReadAsync(SimulatedClient client, string key, ReadConsistency consistency)
    {
        var operation = Operation.Get(client.HistoryNumber, key, client.Time);
        // A read that was not answered says nothing.
        if (await client.ReadAsync(key, consistency) is not { } answer) return null;
        _check.Add(operation.ReturnedValue(answer.Value, client.Time));
        return answer.Value;
    }

    private async Task<string> PutAsync(SimulatedClient client, string key)
    {
        var value = NewValue(client);
        var operation = Operation.Put(client.HistoryNumber, key, value, client.Time);
        var outcome = await client.WriteAsync(key, new Command { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) } });
        Record(client, outcome.IsDone ? operation.Returned(client.Time) : operation, outcome);
        return value;
    }

    private async Task DeleteAsync(SimulatedClient client, string key)
    {
        var operation = Operation.Delete(client.HistoryNumber, key, client.Time);
        var outcome = await client.WriteAsync(key, new Command { Delete = new Delete { Key = ByteString.CopyFromUtf8(key) } });
        if (outcome.IsDone) operation = outcome.Result.Flag ? operation.Existed(client.Time) : operation.Missing(client.Time);
        Record(client, operation, outcome);
    }

    private async Task<string> CompareAndSwapAsync(SimulatedClient client, string key, string? expected)
    {
        if (client.Random.Chance(40)) expected = await ReadAsync(client, key, PickConsistency(client));
        var value = NewValue(client);
        var command = new CompareAndSwap { Key = ByteString.CopyFromUtf8(key), NewValue = ByteString.CopyFromUtf8(value) };
        if (expected is not null) command.Expected = ByteString.CopyFromUtf8(expected);
        var operation = Operation.CompareAndSwap(client.HistoryNumber, key, expected, value, client.Time);
        var outcome = await client.WriteAsync(key, new Command { CompareAndSwap = command });
        if (outcome.IsDone) operation = outcome.Result.Flag ? operation.Swapped(client.Time) : operation.Mismatched(client.Time);
        Record(client, operation, outcome);
        return value;
    }

    private string NewValue(SimulatedClient client) => $"{client.Number}.{++_values}";

    private void Record(SimulatedClient client, Operation operation, WriteOutcome outcome)
    {
        if (outcome.Knowledge == WriteKnowledge.Failed) operation = operation.Failed(client.Time);
        if (outcome.Knowledge == WriteKnowledge.Unknown)
        {
            operation = operation.Abandoned(client.Time);
            client.GoOnUnderNewNumber();
        }
        _check.Add(operation);
    }
}
