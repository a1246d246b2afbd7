namespace KvStore.Client.Internal.Routing;

/// <summary>One range as the client believes it to be.</summary>
internal sealed record RangeRoute(ulong RangeId, ulong Epoch, string Keyspace, ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End, GroupRoute Group)
{
    public bool Holds(ReadOnlySpan<byte> key) => Start.Span.SequenceCompareTo(key) <= 0 && IsBefore(key, End.Span);

    public bool Overlaps(RangeRoute other) => IsBefore(Start.Span, other.End.Span) && IsBefore(other.Start.Span, End.Span);

    /// <summary>Whether a key lies before an exclusive end, of which the empty one is the end of the keyspace.</summary>
    public static bool IsBefore(ReadOnlySpan<byte> key, ReadOnlySpan<byte> end) => end.IsEmpty || key.SequenceCompareTo(end) < 0;
}
