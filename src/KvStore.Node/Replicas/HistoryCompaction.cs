using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;

namespace KvStore.Node.Replicas;

/// <summary>
/// Decides, on a leader, up to which revision a range's history may go: older than <see cref="NodeOptions.HistoryKept"/>, or more than
/// <see cref="NodeOptions.HistoryRevisionsKept"/> back. The age is that of samples taken by this leader, so a new leader keeps history longer, never shorter.
/// </summary>
internal sealed class HistoryCompaction(NodeOptions options)
{
    private const int SamplesMax = 60;

    private readonly SortedDictionary<RangeId, Samples> _ranges = [];

    private sealed class Samples
    {
        public Queue<(MonotonicTime Time, Revision Revision)> Taken { get; } = new();
        public MonotonicTime Next { get; set; }
    }

    private TimeSpan SampleInterval => options.HistoryKept / SamplesMax;

    /// <summary>Null when there is nothing worth an entry.</summary>
    public Revision? CompactTo(OwnedRange owned, MonotonicTime now)
    {
        if (!_ranges.TryGetValue(owned.Descriptor.Id, out var samples)) _ranges.Add(owned.Descriptor.Id, samples = new Samples());
        var newest = owned.Store.Revision;
        var compacted = owned.Store.CompactRevision;
        if (newest.Value > compacted.Value + options.HistoryRevisionsKept + options.HistoryRevisionsKept / 8) return new Revision(newest.Value - options.HistoryRevisionsKept);
        if (now < samples.Next) return null;
        samples.Next = now + SampleInterval;
        samples.Taken.Enqueue((now, newest));
        Revision? old = null;
        while (samples.Taken.TryPeek(out var sample) && now - sample.Time >= options.HistoryKept) old = samples.Taken.Dequeue().Revision;
        return old is { } revision && revision > compacted ? revision : null;
    }
}
