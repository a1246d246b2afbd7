using System.Text.Json;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about counters that only grow by one, by the register checker: an increment that answered v is a compare-and-swap from v−1 to v. One of unknown outcome can only have
/// made a value that no answered one made. All such values below the largest one seen must have been made; giving them, in order, to the unknown increments in order of
/// call loses nothing, since any two that could serve each other's value can be exchanged.
/// </summary>
internal static class CounterHistory
{
    public const string Increment = "incr";
    public const string Get = "get";

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var operations = new List<Operation>();
        foreach (var key in HistoryFile.Read(file).GroupBy(e => e.Key, StringComparer.Ordinal)) AsSwaps(file, [.. key], operations);
        return Judgement.Of(History.Of(operations), cancellationToken);
    }

    private static void AsSwaps(string file, IReadOnlyList<Entry> entries, List<Operation> operations)
    {
        var made = new HashSet<long>();
        var unknown = new List<Entry>();
        var largest = 0L;
        foreach (var entry in entries)
        {
            if (entry.Outcome == Outcome.Failed) continue;
            switch (entry.Op, entry.Outcome)
            {
                case (Increment, Outcome.Completed):
                    var value = Number(file, entry) ?? throw Broken(file, entry, "an increment needs the value after it");
                    operations.Add(Swap(entry, value).Swapped(entry.Return));
                    made.Add(value);
                    largest = Math.Max(largest, value);
                    break;
                case (Increment, _):
                    unknown.Add(entry);
                    break;
                case (Get, Outcome.Completed):
                    var found = Number(file, entry);
                    operations.Add(Operation.Get(entry.Client, entry.Key, entry.Call).ReturnedValue(found is { } v ? Value.Of(v) : Value.Absent, entry.Return) with { Line = entry.Line });
                    largest = Math.Max(largest, found ?? 0);
                    break;
                case (Get, _):
                    break;
                default:
                    throw Broken(file, entry, $"a counter has no operation \"{entry.Op}\"");
            }
        }

        var next = 1L;
        foreach (var entry in unknown.OrderBy(e => e.Call))
        {
            while (made.Contains(next)) next++;
            if (next > largest) return;
            operations.Add(Swap(entry, next++).Abandoned(entry.Return));
        }
    }

    private static Operation Swap(Entry entry, long value) =>
        Operation.CompareAndSwap(entry.Client, entry.Key, value == 1 ? Value.Absent : Value.Of(value - 1), Value.Of(value), entry.Call) with { Line = entry.Line };

    private static long? Number(string file, Entry entry) => entry.Out switch
    {
        null => null,
        JsonValue value when value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<long>(out var number) => number,
        _ => throw Broken(file, entry, "\"out\" must be a whole number or null"),
    };

    private static UsageException Broken(string file, Entry entry, string reason) => new($"{file}:{entry.Line}: {reason}");
}
