using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about elections: tokens of leaders grow with real time; whoever asks sees no leader with an older token than one that was elected, had proclaimed, or had been seen before the question was
/// put; a proclamation that was called after a newer leader was elected is refused; and a value is one that its leader gave.
/// </summary>
internal static class ElectionHistory
{
    public const string Campaign = "campaign", Proclaim = "proclaim", Leader = "leader";

    private sealed record Sighting(ulong Token, Entry Entry);

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var entries = HistoryFile.Read(file);
        var elected = entries.Where(e => e is { Op: Campaign, Outcome: Outcome.Completed }).Select(e => new Acquisition(e.Key, LockHistory.Number(file, e, e.Out), e)).ToList();
        var drawn = LinearizabilityChecker.Check(History.Of([]), cancellation: cancellationToken);
        var wrong = LockHistory.TokensThatDoNotGrow(elected) ?? entries.GroupBy(e => e.Key, StringComparer.Ordinal).Select(of => OldLeader(file, of.Key, [.. of])).FirstOrDefault(fault => fault is not null);
        if (wrong is not null) return new Judgement(Verdict.NotLinearizable, $"{Verdict.NotLinearizable}: {wrong.Reason}", drawn);
        var seen = entries.Count(e => e is { Op: Leader, Outcome: Outcome.Completed });
        return new Judgement(Verdict.Linearizable, string.Create(CultureInfo.InvariantCulture, $"{Verdict.Linearizable}: {elected.Count} leaders, {seen} questions who leads"), drawn);
    }

    private static HistoryFault? OldLeader(string file, string election, IReadOnlyList<Entry> entries)
    {
        var sightings = entries.Select(e => Sight(file, e)).OfType<Sighting>().ToList();
        var returned = sightings.OrderBy(s => s.Entry.Return).ToList();
        var (next, newest) = (0, (Sighting?)null);
        foreach (var sighting in sightings.OrderBy(s => s.Entry.Call))
        {
            for (; next < returned.Count && returned[next].Entry.Return < sighting.Entry.Call; next++)
                if (newest is null || returned[next].Token > newest.Token) newest = returned[next];
            if (newest is not null && sighting.Token < newest.Token)
                return new HistoryFault(election, $"{election}: line {sighting.Entry.Line} ({sighting.Entry.Op}) is of token {sighting.Token}, though token {newest.Token} had led before it was called (line {newest.Entry.Line})");
        }

        return InventedValue(file, election, entries);
    }

    /// <summary>What was answered to somebody about a token that leads; null: nothing.</summary>
    private static Sighting? Sight(string file, Entry entry) => entry switch
    {
        { Outcome: not Outcome.Completed } => null,
        { Op: Campaign } => new Sighting(LockHistory.Number(file, entry, entry.Out), entry),
        { Op: Proclaim } => new Sighting(LockHistory.Number(file, entry, entry.In?["token"]), entry),
        { Op: Leader, Out: JsonObject leader } => new Sighting(LockHistory.Number(file, entry, leader["token"]), entry),
        { Op: Leader } => null,
        _ => throw new UsageException($"{file}:{entry.Line}: an election has no operation \"{entry.Op}\""),
    };

    private static HistoryFault? InventedValue(string file, string election, IReadOnlyList<Entry> entries)
    {
        var given = entries.Where(e => e.Op == Campaign && e.In is not null).Select(e => e.In!.GetValue<string>())
            .Concat(entries.Where(e => e.Op == Proclaim).Select(e => e.In!["value"]!.GetValue<string>())).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (entry is not { Op: Leader, Outcome: Outcome.Completed, Out: JsonObject leader }) continue;
            var value = leader["value"]?.GetValue<string>() ?? throw new UsageException($"{file}:{entry.Line}: \"out\" of a leader needs token and value");
            if (!given.Contains(value)) return new HistoryFault(election, $"{election}: line {entry.Line} saw the value \"{value}\", which nobody gave");
        }

        return null;
    }
}
