using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Reports;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Runs;

/// <summary>How a run ended.</summary>
/// <param name="Verdict">Only <see cref="Verdict.Linearizable"/> is a pass.</param>
/// <param name="Reason">Why, when it is not what the check alone says; else null.</param>
/// <param name="Evidence">What the check says, in words.</param>
internal sealed record RunResult(Verdict Verdict, string? Reason, string Evidence)
{
    public IReadOnlyList<Entry> Entries { get; init; } = [];

    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>Nemeses that could not work here, with the reason.</summary>
    public IReadOnlyList<(string Name, string Reason)> Skipped { get; init; } = [];

    public FailoverTimes Failover { get; init; } = FailoverTimes.None;

    public int ExitCode => Verdict == Verdict.Linearizable ? 0 : 1;

    public long Count(Outcome outcome) => Entries.Count(e => e.Outcome == outcome);

    /// <summary>The verdict line.</summary>
    public override string ToString()
    {
        var notes = Skipped.Select(s => $"skipped {s.Name}: {s.Reason}");
        if (Reason is not null) notes = notes.Prepend(Reason);
        var text = string.Join("; ", notes);
        return text.Length > 0 ? $"{Verdict} ({text})" : $"{Verdict}";
    }
}
