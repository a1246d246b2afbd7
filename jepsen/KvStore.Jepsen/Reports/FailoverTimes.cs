using KvStore.Jepsen.Nemeses;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Reports;

/// <summary>How long after a group's leader was killed the next write in that group was acknowledged that was called after the kill.</summary>
/// <param name="Times">Sorted.</param>
internal sealed record FailoverTimes(IReadOnlyList<TimeSpan> Times)
{
    public static FailoverTimes None { get; } = new([]);

    public TimeSpan P50 => Percentile(50);

    public TimeSpan P99 => Percentile(99);

    public static FailoverTimes Of(IReadOnlyList<Fault> faults, IReadOnlyList<Entry> entries, GroupMap groups)
    {
        var writes = entries.Where(e => e.Outcome == Outcome.Completed && e.Op is not ("get" or "read"))
            .Select(e => (Entry: e, Group: groups.GroupOf(e.Key))).OrderBy(w => w.Entry.Return).ToList();
        var times = from fault in faults
                    from @group in fault.LeaderlessGroups
                    let next = writes.FirstOrDefault(w => w.Group == @group && w.Entry.Call >= fault.Begin).Entry
                    where next is not null
                    select TimeSpan.FromTicks((next.Return - fault.Begin) / 100);
        return new FailoverTimes([.. times.Order()]);
    }

    private TimeSpan Percentile(int percent) => Times.Count == 0 ? TimeSpan.Zero : Times[Math.Min(Times.Count - 1, Times.Count * percent / 100)];
}
