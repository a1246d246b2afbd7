using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about critical sections. Tokens of a lock grow: an acquisition that was called after another had returned has the greater one. No write with an older token is accepted that was
/// called after an acquisition had returned; and of the writes of a key, in the order of their revisions, none has an older token than one before it. No two accepted writes of a
/// key have the same number: one of them would have overwritten what it had not read. And what is read of the keys is linearizable, without the writes that were refused.
/// </summary>
internal static class LockHistory
{
    public const string Acquire = "acquire", Get = "get", Write = "write";

    /// <summary>What a section writes: the number after the one that it found, and its token, so that no value is written twice.</summary>
    public static string Next(string? found, ulong token) => string.Create(CultureInfo.InvariantCulture, $"{(found is null ? 1 : NumberOf(found) + 1)} by {token}");

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var entries = HistoryFile.Read(file);
        var acquisitions = entries.Where(e => e is { Op: Acquire, Outcome: Outcome.Completed }).Select(e => new Acquisition(e.Key, Number(file, e, e.Out), e)).ToList();
        var writes = entries.Where(e => e is { Op: Write, Outcome: Outcome.Completed }).Select(e => SectionWrite.Of(file, e)).ToList();
        var wrong = TokensThatDoNotGrow(acquisitions) ?? OldTokensAccepted(acquisitions, writes) ?? WrongOrder(writes);
        if (wrong is not null) return new Judgement(Verdict.NotLinearizable, $"{Verdict.NotLinearizable}: {wrong.Reason}", Judgement.Of(Registers(entries.Where(e => e.Key == wrong.Key)), cancellationToken).Drawn);
        // What was read: accepted writes in order, and nothing of a refused one.
        var read = Judgement.Of(Registers(entries), cancellationToken);
        if (read.Verdict != Verdict.Linearizable) return read;
        var refused = entries.Count(e => e is { Op: Write, Outcome: Outcome.Failed });
        var summary = string.Create(CultureInfo.InvariantCulture, $"{Verdict.Linearizable}: {acquisitions.Count} critical sections, {writes.Count} writes accepted, {refused} refused");
        return new Judgement(Verdict.Linearizable, summary, read.Drawn);
    }

    public static ulong Number(string file, Entry entry, JsonNode? node) => node is JsonValue value && value.TryGetValue<ulong>(out var number)
        ? number
        : throw new UsageException($"{file}:{entry.Line}: \"{entry.Op}\" needs a whole number");

    /// <summary>Null: those that were called after another one had returned have the greater token.</summary>
    public static HistoryFault? TokensThatDoNotGrow(IEnumerable<Acquisition> acquisitions)
    {
        foreach (var of in acquisitions.GroupBy(a => a.Lock, StringComparer.Ordinal))
        {
            var returned = of.OrderBy(a => a.Entry.Return).ToList();
            var (next, newest) = (0, (Acquisition?)null);
            foreach (var acquisition in of.OrderBy(a => a.Entry.Call))
            {
                for (; next < returned.Count && returned[next].Entry.Return < acquisition.Entry.Call; next++)
                    if (newest is null || returned[next].Token > newest.Token) newest = returned[next];
                if (newest is null || acquisition.Token > newest.Token) continue;
                return new HistoryFault(of.Key, $"{of.Key} was given with token {acquisition.Token} (line {acquisition.Entry.Line}), after it had been given with {newest.Token} (line {newest.Entry.Line})");
            }
        }

        return null;
    }

    private static HistoryFault? OldTokensAccepted(IReadOnlyList<Acquisition> acquisitions, IEnumerable<SectionWrite> writes)
    {
        var byLock = acquisitions.ToLookup(a => a.Lock, StringComparer.Ordinal);
        foreach (var write in writes)
        {
            if (byLock[write.Lock].FirstOrDefault(a => a.Token > write.Token && a.Entry.Return < write.Entry.Call) is not { } newer) continue;
            return new HistoryFault(write.Entry.Key,
                $"{write.Entry.Key} was written with token {write.Token} (line {write.Entry.Line}), called after {write.Lock} had been acquired with token {newer.Token} (line {newer.Entry.Line})");
        }

        return null;
    }

    private static HistoryFault? WrongOrder(IEnumerable<SectionWrite> writes)
    {
        foreach (var of in writes.GroupBy(w => w.Entry.Key, StringComparer.Ordinal))
        {
            var applied = of.OrderBy(w => w.Revision).ToList();
            for (var i = 1; i < applied.Count; i++)
            {
                if (applied[i].Token < applied[i - 1].Token)
                    return new HistoryFault(of.Key, $"{of.Key} was written with token {applied[i].Token} (line {applied[i].Entry.Line}) after it had been with {applied[i - 1].Token} (line {applied[i - 1].Entry.Line})");
            }

            if (applied.GroupBy(w => NumberOf(w.Value)).FirstOrDefault(same => same.Count() > 1) is { } lost)
                return new HistoryFault(of.Key, $"{of.Key} was set to {lost.Key} twice (lines {string.Join(" and ", lost.Select(w => w.Entry.Line))}): one has overwritten what it had not read");
        }

        return null;
    }

    private static History Registers(IEnumerable<Entry> entries)
    {
        var operations = new List<Operation>();
        foreach (var entry in entries)
        {
            if (entry is { Op: Get, Outcome: Outcome.Completed })
                operations.Add(Operation.Get(entry.Client, entry.Key, entry.Call).ReturnedValue(entry.Out is { } found ? found.GetValue<string>() : Value.Absent, entry.Return) with { Line = entry.Line });
            if (entry.Op != Write || entry.In is null || entry.Outcome == Outcome.Failed) continue;
            var put = Operation.Put(entry.Client, entry.Key, entry.In["value"]!.GetValue<string>(), entry.Call) with { Line = entry.Line };
            operations.Add(entry.Outcome == Outcome.Completed ? put.Returned(entry.Return) : put.Abandoned(entry.Return));
        }

        return History.Of(operations);
    }

    private static long NumberOf(string value) => long.Parse(value.AsSpan(0, value.IndexOf(' ')), NumberStyles.None, CultureInfo.InvariantCulture);
}

/// <summary>A lock that was acquired, or an election that was won.</summary>
internal sealed record Acquisition(string Lock, ulong Token, Entry Entry);

/// <summary>What is wrong, and where.</summary>
internal sealed record HistoryFault(string Key, string Reason);

/// <summary>An accepted write of a critical section.</summary>
internal sealed record SectionWrite(string Lock, ulong Token, string Value, ulong Revision, Entry Entry)
{
    /// <exception cref="UsageException">The line is broken.</exception>
    public static SectionWrite Of(string file, Entry entry)
    {
        if (entry.In is not JsonObject request || request["lock"] is not JsonValue name || request["value"] is not JsonValue value)
            throw new UsageException($"{file}:{entry.Line}: \"in\" of a write needs lock, token and value");
        return new SectionWrite(name.GetValue<string>(), LockHistory.Number(file, entry, request["token"]), value.GetValue<string>(), LockHistory.Number(file, entry, entry.Out), entry);
    }
}
