using KvStore.Linearizability;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Lists of one colocation unit to which unique elements are appended, on condition that they are as they were read, while other lists are read in the same transaction. Every value tells all
/// that came before it, so that what goes wrong between transactions can be named.
/// </summary>
internal sealed class AppendWorkload(SimulationRun run) : IWorkload
{
    private const int Lists = 3;
    private const long LifeNanoseconds = 6_000_000_000;
    private static readonly string[] Prefixes = ["d", "l", "s", "y"];

    private readonly LinearizabilityCheck _check = new(run.Findings);
    private readonly SortedSet<string> _units = new(StringComparer.Ordinal);
    private long _elements;

    public string Name => "append";

    public async Task RunAsync(SimulatedClient client)
    {
        var caller = new TransactionCaller(_check);
        while (!client.IsOver)
        {
            var unit = $"{client.Random.Pick(Prefixes)}-lists{client.Time / LifeNanoseconds}/";
            _units.Add(unit);
            if (await ReadAsync(client, caller, unit) is { } lists && client.Random.Chance(70)) await AppendAsync(client, caller, unit, lists);
            await client.ThinkAsync();
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        foreach (var unit in _units) await ReadAsync(client, new TransactionCaller(_check), unit);
    }

    public void Finish() => _check.Finish();

    private static async Task<Value[]?> ReadAsync(SimulatedClient client, TransactionCaller caller, string unit) =>
        await caller.CallAsync(client, new Transaction([], [.. Enumerable.Range(0, Lists).Select(i => TransactionStep.Get($"{unit}{i}"))], [])) is { } result
            ? [.. result.Results.Select(each => each.Value)]
            : null;

    private async Task AppendAsync(SimulatedClient client, TransactionCaller caller, string unit, Value[] lists)
    {
        var first = client.Random.Next(Lists);
        var second = (first + 1 + client.Random.Next(Lists - 1)) % Lists;
        List<KeyComparison> expected = [new($"{unit}{first}", lists[first])];
        List<TransactionStep> steps = [Append(unit, first, lists)];
        if (client.Random.Chance(50))
        {
            expected.Add(new KeyComparison($"{unit}{second}", lists[second]));
            steps.Add(Append(unit, second, lists));
        }
        else steps.Add(TransactionStep.Get($"{unit}{second}"));
        await caller.CallAsync(client, new Transaction(expected, steps, [TransactionStep.Get($"{unit}{first}")]));
    }

    private TransactionStep Append(string unit, int list, Value[] lists) =>
        TransactionStep.Put($"{unit}{list}", lists[list].IsAbsent ? $"{++_elements}" : $"{lists[list].Text},{++_elements}");
}
