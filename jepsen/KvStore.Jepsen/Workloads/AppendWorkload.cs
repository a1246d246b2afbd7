using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Lists to which unique elements are appended, one or two in a transaction, on condition that they are as they were read. Every value tells all that came before it, so that what goes
/// wrong between transactions has a name.
/// </summary>
internal sealed class AppendWorkload : IWorkload
{
    private const int Lists = 3;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(15);
    private readonly KeyRing _units = new("append", 4, TimeSpan.FromSeconds(6));
    private int _elements;

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var unit = _units.Pick(actor.Random);
        if (await ReadAsync(actor, unit).ConfigureAwait(false) is { } lists && actor.Role == ActorRole.Writer) await AppendAsync(actor, unit, lists).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_units.Used, async unit => await ReadAsync(actor, unit).ConfigureAwait(false) is not null);

    private static async Task<IReadOnlyList<string?>?> ReadAsync(Actor actor, string unit) =>
        (await TransactionOperations.CallAsync(actor, new Transaction([], [.. Enumerable.Range(0, Lists).Select(i => TransactionStep.Get($"{unit}.{i}"))], [])).ConfigureAwait(false))?.Found;

    private Task AppendAsync(Actor actor, string unit, IReadOnlyList<string?> lists)
    {
        var first = actor.Random.Next(Lists);
        var second = (first + 1 + actor.Random.Next(Lists - 1)) % Lists;
        List<KeyComparison> expected = [new($"{unit}.{first}", lists[first])];
        List<TransactionStep> steps = [Append(unit, first, lists)];
        if (actor.Random.Next(2) == 0)
        {
            expected.Add(new KeyComparison($"{unit}.{second}", lists[second]));
            steps.Add(Append(unit, second, lists));
        }
        else steps.Add(TransactionStep.Get($"{unit}.{second}"));
        return TransactionOperations.CallAsync(actor, new Transaction(expected, steps, [TransactionStep.Get($"{unit}.{first}")]));
    }

    private TransactionStep Append(string unit, int list, IReadOnlyList<string?> lists)
    {
        var element = Interlocked.Increment(ref _elements);
        return TransactionStep.Put($"{unit}.{list}", lists[list] is { } before ? $"{before},{element}" : $"{element}");
    }
}
