using System.Text;
using KvStore.Node;
using KvStore.Node.Watches;

namespace KvStore.Simulation.Checks;

/// <summary>
/// What every watch promises, against the log of all that was committed: its events are in order; each comes once; those of a revision come together; none is missing, also where it was
/// resumed; what it tells of a key (value, create revision, version) is what was written; so is what was there before; filters leave out what they say and nothing else; bookmarks
/// are never ahead; and "from now" begins behind all that was acknowledged before.
/// </summary>
internal sealed class WatchCheck(Findings findings, CommittedWrites log)
{
    public const string Name = "watch";

    /// <summary>More than could be committed between two looks at the log.</summary>
    private const ulong FarAhead = 50_000;

    private readonly List<WatchLeg> _legs = [];

    public long Events => _legs.Sum(leg => (long)leg.Told.Count);
    public long Resumed { get; private set; }
    public long Compacted { get; private set; }

    public WatchLeg Begin(RangeId range, WatchQuery query, string name)
    {
        var leg = new WatchLeg(range, query, name);
        _legs.Add(leg);
        return leg;
    }

    /// <summary>A node has begun the leg, or goes on with it.</summary>
    public void Opened(WatchLeg leg, ulong first, ulong acknowledged)
    {
        if (leg.First != 0)
        {
            Resumed++;
            if (first != leg.Position + 1) Wrong(leg, $"it was resumed at {first} and not behind {leg.Position}");
            return;
        }
        if (first > log.NewestOf(leg.Range) + FarAhead) Wrong(leg, $"it begins at {first}, which is far ahead of {log.NewestOf(leg.Range)}, instead of being refused");
        if (leg.Query.From is { } asked && first != asked.Value) Wrong(leg, $"it begins at {first} and not at {asked}, as asked");
        if (leg.Query.From is null && first <= acknowledged) Wrong(leg, $"it begins at {first}, though {acknowledged} had been acknowledged before it was asked for");
        leg.First = first;
        leg.Position = first - 1;
    }

    /// <summary>A piece has arrived at the client.</summary>
    public void Told(WatchLeg leg, WatchBatch piece)
    {
        var last = leg.Position;
        if (piece.Revision.Value < last) Wrong(leg, $"it goes back from {last} to {piece.Revision}");
        foreach (var happened in piece.Events)
        {
            var revision = happened.Revision.Value;
            if (revision <= leg.Position) Wrong(leg, $"it tells revision {revision} after it had told all up to {leg.Position}: twice, late, or in parts");
            if (revision < last) Wrong(leg, $"it tells revision {revision} after {last}");
            if (revision > piece.Revision.Value) Wrong(leg, $"a piece up to {piece.Revision} tells {revision}");
            last = revision;
            var current = happened.Current;
            leg.Told.Add(new CommittedWrite(revision, Text(current.Key), current.Deleted ? null : Text(current.Value), current.Create.Value, current.Version, happened.Previous is { } previous ? Text(previous.Value) : null));
        }
        leg.Position = piece.Revision.Value;
    }

    public void Refused(WatchLeg leg, ulong asked, NodeError error)
    {
        if (error.Code == NodeErrorCode.Compacted) Compacted++;
        if (error.Code == NodeErrorCode.Compacted && (error.CompactRevision is not { } compacted || compacted.Value < asked))
            Wrong(leg, $"revision {asked} is said to be compacted, but the compaction revision is {error.CompactRevision}");
        if (error.Code == NodeErrorCode.FutureRevision && leg.First != 0) Wrong(leg, $"revision {asked} is said to be in the future, though all before it was told");
        if (error.Code is NodeErrorCode.InvalidArgument or NodeErrorCode.Internal or NodeErrorCode.NotFound) Wrong(leg, $"{error.Code}: {error.Message}");
    }

    /// <summary>After the last event.</summary>
    public void Finish()
    {
        foreach (var leg in _legs)
        {
            if (leg.First == 0) continue;
            if (leg.Position > log.NewestOf(leg.Range) && leg.Position >= leg.First) Wrong(leg, $"it is at revision {leg.Position}, but only {log.NewestOf(leg.Range)} were committed");
            var expected = log.Of(leg.Range).Where(write => write.Revision >= leg.First && write.Revision <= leg.Position && leg.Wants(write))
                .Select(write => leg.Query.Previous == WatchPrevious.Included ? write : write with { Previous = null }).ToList();
            for (var i = 0; i < Math.Max(expected.Count, leg.Told.Count); i++)
            {
                var (wanted, told) = (expected.ElementAtOrDefault(i), leg.Told.ElementAtOrDefault(i));
                if (wanted == told) continue;
                Wrong(leg, $"event {i} is {told?.ToString() ?? "missing"} instead of {wanted?.ToString() ?? "none"}");
                return;
            }
        }
    }

    public void Wrong(WatchLeg leg, string what) => findings.Report(Name, $"{leg}: {what}");

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);
}

/// <summary>One watch of a client, over all nodes that it was resumed at.</summary>
internal sealed class WatchLeg(RangeId range, WatchQuery query, string name)
{
    public RangeId Range => range;
    public WatchQuery Query => query;

    /// <summary>0: no node has begun it yet.</summary>
    public ulong First { get; set; }

    /// <summary>All up to here was told.</summary>
    public ulong Position { get; set; }

    /// <summary>What it had still to tell is gone, or its client has had enough.</summary>
    public bool IsOver { get; set; }

    public List<CommittedWrite> Told { get; } = [];

    public bool Wants(CommittedWrite write)
    {
        var key = Encoding.UTF8.GetBytes(write.Key);
        return key.AsSpan().SequenceCompareTo(query.Start.Span) >= 0 && (query.End.IsEmpty || key.AsSpan().SequenceCompareTo(query.End.Span) < 0)
            && query.Kinds.HasFlag(write.Value is null ? WatchKinds.Deletes : WatchKinds.Puts);
    }

    public override string ToString() => $"{name} of range {range} from {query.From?.ToString() ?? "now"}, at {Position}";
}
