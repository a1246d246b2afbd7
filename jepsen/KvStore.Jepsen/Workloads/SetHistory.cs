using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about sets that only grow. A history is linearizable if and only if (1) every element of a read was being added, or had been, before the read ended; (2) of any two reads one contains the
/// other, and one that was called after the other had returned contains it; (3) a read that was called after an add had returned, or that found an element whose add was called after that, has the element. For what is wrong, the
/// history of the one element as a register is drawn, as the register checker sees it.
/// </summary>
internal static class SetHistory
{
    public const string Add = "add";
    public const string Read = "read";

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var sets = new List<SetReads>();
        foreach (var set in HistoryFile.Read(file).GroupBy(e => e.Key, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            sets.Add(SetReads.Of(file, [.. set]));
        }

        foreach (var set in sets)
            if (set.FirstWrong() is { } wrong) return Wrong(set, wrong, cancellationToken);
        var drawn = sets.MaxBy(s => s.Reads.Count);
        var history = drawn is { Adds.Count: > 0 } ? drawn.AsRegister(drawn.Adds.Keys.First()) : History.Of([]);
        var summary = string.Create(CultureInfo.InvariantCulture, $"{Verdict.Linearizable}: {sets.Sum(s => s.Adds.Count)} elements in {sets.Count} sets, {sets.Sum(s => s.Reads.Count)} reads");
        return new Judgement(Verdict.Linearizable, summary, LinearizabilityChecker.Check(history, cancellation: cancellationToken));
    }

    private static Judgement Wrong(SetReads set, SetFault wrong, CancellationToken cancellationToken)
    {
        var drawn = LinearizabilityChecker.Check(set.AsRegister(wrong.Element), cancellation: cancellationToken);
        return new Judgement(Verdict.NotLinearizable, $"{Verdict.NotLinearizable}: set {set.Key}: {wrong.Reason}\n{drawn}", drawn);
    }
}

/// <summary>What is wrong with which element.</summary>
internal sealed record SetFault(int Element, string Reason);

/// <summary>The adds and the answered reads of one set.</summary>
internal sealed class SetReads
{
    private SetReads(string key) => Key = key;

    public string Key { get; }

    /// <summary>By element; those that certainly failed are left out.</summary>
    public SortedDictionary<int, Entry> Adds { get; } = [];

    public List<(Entry Entry, HashSet<int> Elements)> Reads { get; } = [];

    public static SetReads Of(string file, IReadOnlyList<Entry> entries)
    {
        var set = new SetReads(entries[0].Key);
        foreach (var entry in entries)
        {
            if (entry.Op is not (SetHistory.Add or SetHistory.Read)) throw Broken($"a set has no operation \"{entry.Op}\"");
            if (entry.Outcome == Outcome.Failed || (entry.Op == SetHistory.Read && entry.Outcome != Outcome.Completed)) continue;
            if (entry.Op == SetHistory.Add)
            {
                if (!set.Adds.TryAdd(Number(entry.In), entry)) throw Broken("the element was added twice");
                continue;
            }

            if (entry.Out is not JsonArray found) throw Broken("\"out\" of a read must be an array");
            set.Reads.Add((entry, [.. found.Select(Number)]));

            UsageException Broken(string reason) => new($"{file}:{entry.Line}: {reason}");
            int Number(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<int>(out var number) ? number : throw Broken("an element must be a whole number");
        }

        return set;
    }

    /// <summary>Null: the history is linearizable.</summary>
    public SetFault? FirstWrong() => WrongOfElements() ?? WrongOfReads();

    /// <summary>One element as a register that is put once and read by every scan.</summary>
    public History AsRegister(int element)
    {
        var key = $"{Key}/{element}";
        var operations = new List<Operation>();
        if (Adds.TryGetValue(element, out var add))
        {
            var put = Operation.Put(add.Client, key, "added", add.Call) with { Line = add.Line };
            operations.Add(add.Outcome == Outcome.Completed ? put.Returned(add.Return) : put.Abandoned(add.Return));
        }

        foreach (var (read, elements) in Reads)
            operations.Add(Operation.Get(read.Client, key, read.Call).ReturnedValue(elements.Contains(element) ? "added" : Value.Absent, read.Return) with { Line = read.Line });
        return History.Of(operations);
    }

    private SetFault? WrongOfElements()
    {
        foreach (var (entry, elements) in Reads)
        {
            foreach (var element in elements)
                if (!Adds.TryGetValue(element, out var add) || add.Call > entry.Return) return new SetFault(element, $"a read (line {entry.Line}) found {element}, which nobody had added");
            // The read came after all that it found began.
            var after = elements.Count > 0 ? Math.Max(entry.Call, elements.Max(e => Adds[e].Call)) : entry.Call;
            foreach (var (element, add) in Adds)
                if (add.Outcome == Outcome.Completed && add.Return < after && !elements.Contains(element)) return new SetFault(element, $"a read (line {entry.Line}) missed {element}, whose add (line {add.Line}) had returned before it or before something that it found");
        }

        return null;
    }

    private SetFault? WrongOfReads()
    {
        var ordered = Reads.OrderBy(r => r.Elements.Count).ThenBy(r => r.Entry.Call).ToList();
        for (var i = 1; i < ordered.Count; i++)
        {
            var (smaller, larger) = (ordered[i - 1], ordered[i]);
            foreach (var element in smaller.Elements)
                if (!larger.Elements.Contains(element)) return new SetFault(element, $"two reads (lines {smaller.Entry.Line} and {larger.Entry.Line}) each miss what the other has; the second misses {element}");
        }

        // Every read is contained in the next now, so a read that returned before a smaller one was called is the only thing left that can be wrong.
        var latestCall = (long.MinValue, Reads: ordered.Count > 0 ? ordered[0] : default);
        foreach (var read in ordered)
        {
            if (read.Elements.Count > latestCall.Reads.Elements.Count && read.Entry.Return < latestCall.Item1)
                return new SetFault(read.Elements.First(e => !latestCall.Reads.Elements.Contains(e)), $"a read (line {latestCall.Reads.Entry.Line}) missed what an earlier one (line {read.Entry.Line}) had found");
            if (read.Entry.Call > latestCall.Item1) latestCall = (read.Entry.Call, read);
        }

        return null;
    }
}
