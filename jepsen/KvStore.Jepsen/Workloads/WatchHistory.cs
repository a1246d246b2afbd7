using System.Globalization;
using System.Text.Json;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about watches. The whole history of a feed, watched at the end, is the measure: its revisions grow; each acknowledged write is in it, at its revision; and each event in it
/// is a write that somebody had called. Every stretch of every watch tells exactly what the whole history has behind its beginning up to its end, and begins where the watch's stretch before it
/// ended.
/// </summary>
internal static class WatchHistory
{
    public const string Put = "put";
    public const string Delete = "delete";
    public const string Watch = "watch";
    public const string Whole = "whole";

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var nothing = LinearizabilityChecker.Check(History.Of([]), cancellation: cancellationToken);
        var (feeds, events, stretches) = (0, 0, 0);
        foreach (var feed in HistoryFile.Read(file).GroupBy(e => e.Key, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entries = feed.ToList();
            var watches = entries.Where(e => e is { Op: Watch, Outcome: Outcome.Completed }).Select(e => Stretch.Of(file, e)).Where(s => s.Through is not null).ToList();
            if (entries.LastOrDefault(e => e is { Op: Whole, Outcome: Outcome.Completed }) is not { } last)
                return new Judgement(Verdict.Unknown, $"{Verdict.Unknown}: feed {feed.Key}: its whole history was not read", nothing);
            var whole = Stretch.Of(file, last);
            var wrong = WrongOf(whole, entries) ?? WrongOf(watches, whole);
            if (wrong is not null) return new Judgement(Verdict.NotLinearizable, $"{Verdict.NotLinearizable}: feed {feed.Key}: {wrong}", nothing);
            feeds++;
            stretches += watches.Count;
            events += watches.Sum(w => w.Events.Count);
        }

        return new Judgement(Verdict.Linearizable, string.Create(CultureInfo.InvariantCulture, $"{Verdict.Linearizable}: {feeds} feeds, {stretches} stretches of watches with {events} events, each as the whole history has it"), nothing);
    }

    private static string? WrongOf(Stretch whole, IReadOnlyList<Entry> entries)
    {
        for (var i = 1; i < whole.Events.Count; i++)
            if (whole.Events[i].Revision <= whole.Events[i - 1].Revision) return $"the whole history (line {whole.Line}) tells revision {whole.Events[i].Revision} after {whole.Events[i - 1].Revision}";
        var byRevision = whole.Events.ToDictionary(e => e.Revision);
        var called = entries.Where(e => e.Op == Put && e.Call <= whole.Return && e.Outcome != Outcome.Failed).Select(e => (e.In![0]!.GetValue<string>(), e.In[1]!.GetValue<string>())).ToHashSet();
        foreach (var write in entries.Where(e => e.Outcome == Outcome.Completed && e.Out is not null && e.Op is Put or Delete && e.Return <= whole.Call))
        {
            var revision = write.Out!.GetValue<ulong>();
            var (key, value) = write.Op == Put ? (write.In![0]!.GetValue<string>(), write.In[1]!.GetValue<string>()) : (write.In!.GetValue<string>(), null);
            if (!byRevision.TryGetValue(revision, out var told)) return $"the write of line {write.Line} was acknowledged at revision {revision}, which the whole history (line {whole.Line}) does not have";
            if (told.Key != key || told.Value != value) return $"the write of line {write.Line} was acknowledged at revision {revision}, where the whole history (line {whole.Line}) has {told}";
        }
        foreach (var told in whole.Events)
            if (told.Value is not null && !called.Contains((told.Key, told.Value))) return $"the whole history (line {whole.Line}) has {told}, which nobody wrote";
        return null;
    }

    private static string? WrongOf(IReadOnlyList<Stretch> watches, Stretch whole)
    {
        foreach (var watch in watches.GroupBy(w => w.Watch))
        {
            Stretch? before = null;
            foreach (var stretch in watch.OrderBy(s => s.Call))
            {
                if (before is not null && stretch.From != before.Through) return $"watch {watch.Key} was resumed at {stretch.From} (line {stretch.Line}) and not at {before.Through} (line {before.Line})";
                before = stretch;
                var expected = whole.Events.Where(e => e.Revision > stretch.From && e.Revision <= stretch.Through).ToList();
                for (var i = 0; i < Math.Max(expected.Count, stretch.Events.Count); i++)
                {
                    var (wanted, told) = (expected.ElementAtOrDefault(i), stretch.Events.ElementAtOrDefault(i));
                    if (wanted != told) return $"watch {watch.Key} (line {stretch.Line}), from {stretch.From} up to {stretch.Through}: event {i} is {told?.ToString() ?? "missing"} instead of {wanted?.ToString() ?? "none"}";
                }
            }
        }

        return null;
    }

    /// <summary>One write as a watch told it; a null value: the key was deleted.</summary>
    private sealed record Told(ulong Revision, string Key, string? Value);

    /// <summary>What a watch told at one go.</summary>
    private sealed record Stretch(int Watch, ulong? From, ulong? Through, IReadOnlyList<Told> Events, long Call, long Return, int Line)
    {
        public static Stretch Of(string file, Entry entry)
        {
            try
            {
                var found = entry.Out!.AsObject();
                return new Stretch(found["watch"]!.GetValue<int>(), found["from"]?.GetValue<ulong>(), found["through"]?.GetValue<ulong>(),
                    [.. found["events"]!.AsArray().Select(e => new Told(e![0]!.GetValue<ulong>(), e[1]!.GetValue<string>(), e[2]?.GetValue<string>()))], entry.Call, entry.Return, entry.Line);
            }
            catch (Exception e) when (e is InvalidOperationException or NullReferenceException or FormatException or JsonException or ArgumentOutOfRangeException)
            {
                throw new UsageException($"{file}:{entry.Line}: \"out\" of a watch must be an object with watch, from, through and events: {e.Message}");
            }
        }
    }
}
