using System.Globalization;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Accounts between which money moves, a transaction for each transfer, on condition that both accounts hold what was read before; reads see all accounts at once. Strict serializability
/// says more than that the total stays.
/// </summary>
internal sealed class BankWorkload : IWorkload
{
    private const int Accounts = 4;
    private const long Deposit = 100;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(15);
    private readonly KeyRing _banks = new("bank", 4, TimeSpan.FromSeconds(8));

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var bank = _banks.Pick(actor.Random);
        if (await ReadAsync(actor, bank).ConfigureAwait(false) is { } balances && actor.Role == ActorRole.Writer) await TransferAsync(actor, bank, balances).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_banks.Used, async bank => await ReadAsync(actor, bank).ConfigureAwait(false) is not null);

    /// <summary>All balances; who finds none makes the deposits in the same transaction.</summary>
    private static async Task<long[]?> ReadAsync(Actor actor, string bank)
    {
        var keys = Enumerable.Range(0, Accounts).Select(i => $"{bank}.{i}").ToList();
        var reads = keys.Select(TransactionStep.Get).ToList();
        var transaction = new Transaction([new KeyComparison(keys[0], Value.Absent)], [.. keys.Select(key => TransactionStep.Put(key, Text(Deposit))), .. reads], reads);
        if (await TransactionOperations.CallAsync(actor, transaction).ConfigureAwait(false) is not { } answer) return null;
        return [.. answer.Found.Select(text => text is null ? 0 : long.Parse(text, CultureInfo.InvariantCulture))];
    }

    private static Task TransferAsync(Actor actor, string bank, long[] balances)
    {
        var from = actor.Random.Next(Accounts);
        var to = (from + 1 + actor.Random.Next(Accounts - 1)) % Accounts;
        var amount = Math.Min(balances[from], 1 + actor.Random.Next(10));
        return TransactionOperations.CallAsync(actor, new Transaction(
            [new KeyComparison($"{bank}.{from}", Text(balances[from])), new KeyComparison($"{bank}.{to}", Text(balances[to]))],
            [TransactionStep.Put($"{bank}.{from}", Text(balances[from] - amount)), TransactionStep.Put($"{bank}.{to}", Text(balances[to] + amount))],
            []));
    }

    private static string Text(long amount) => amount.ToString(CultureInfo.InvariantCulture);
}
