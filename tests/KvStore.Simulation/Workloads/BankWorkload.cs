using System.Globalization;
using KvStore.Linearizability;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>
/// Accounts of one colocation unit between which money moves: all of them together always hold the same. A transfer writes two accounts on condition that they hold what was read before;
/// whoever reads all accounts at once must see the total.
/// </summary>
internal sealed class BankWorkload(SimulationRun run) : IWorkload
{
    public const string Check = "bank";

    private const int Accounts = 4;
    private const long Deposit = 100;
    private const long BankLifeNanoseconds = 10_000_000_000;
    private static readonly string[] Prefixes = ["c", "k", "r", "w"];

    private readonly LinearizabilityCheck _check = new(run.Findings);
    private readonly SortedSet<string> _banks = new(StringComparer.Ordinal);

    public string Name => "bank";

    public async Task RunAsync(SimulatedClient client)
    {
        var caller = new TransactionCaller(_check);
        while (!client.IsOver)
        {
            var bank = $"{client.Random.Pick(Prefixes)}-bank{client.Time / BankLifeNanoseconds}/";
            _banks.Add(bank);
            if (await ReadAsync(client, caller, bank) is { } balances && client.Random.Chance(70)) await TransferAsync(client, caller, bank, balances);
            await client.ThinkAsync();
        }
    }

    public async Task ReadAllAsync(SimulatedClient client)
    {
        foreach (var bank in _banks) await ReadAsync(client, new TransactionCaller(_check), bank);
    }

    public void Finish() => _check.Finish();

    /// <summary>All balances at one instant; the first reader of a bank makes the deposits in the same transaction.</summary>
    private async Task<long[]?> ReadAsync(SimulatedClient client, TransactionCaller caller, string bank)
    {
        var keys = Enumerable.Range(0, Accounts).Select(i => $"{bank}{i}").ToList();
        var deposits = keys.Select(key => TransactionStep.Put(key, Text(Deposit))).ToList();
        var reads = keys.Select(TransactionStep.Get).ToList();
        if (await caller.CallAsync(client, new Transaction([new KeyComparison(keys[0], Value.Absent)], [.. deposits, .. reads], reads)) is not { } result) return null;
        var balances = result.Results.TakeLast(Accounts).Select(each => each.Value.IsAbsent ? 0 : long.Parse(each.Value.Text, CultureInfo.InvariantCulture)).ToArray();
        if (balances.Sum() != Accounts * Deposit) run.Findings.Report(Check, $"the accounts of {bank} hold {string.Join(" + ", balances)}, not {Accounts * Deposit}");
        return balances;
    }

    private static async Task TransferAsync(SimulatedClient client, TransactionCaller caller, string bank, long[] balances)
    {
        var from = client.Random.Next(Accounts);
        var to = (from + 1 + client.Random.Next(Accounts - 1)) % Accounts;
        var amount = 1 + client.Random.Next(10);
        if (balances[from] < amount) return;
        await caller.CallAsync(client, new Transaction(
            [new KeyComparison($"{bank}{from}", Text(balances[from])), new KeyComparison($"{bank}{to}", Text(balances[to]))],
            [TransactionStep.Put($"{bank}{from}", Text(balances[from] - amount)), TransactionStep.Put($"{bank}{to}", Text(balances[to] + amount))],
            []));
    }

    private static string Text(long amount) => amount.ToString(CultureInfo.InvariantCulture);
}
