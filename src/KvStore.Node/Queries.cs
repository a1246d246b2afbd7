using KvStore.Storage.Engine;

namespace KvStore.Node;

/// <summary>How fresh and how safe a read is (DESIGN §8). Numbers as in kvstore.v1 Consistency.</summary>
public enum ReadConsistency { Linearizable = 0, Quorum = 1, Follower = 2, Bounded = 3, Stale = 4 }

/// <summary>Which range a request believes it talks to; <see cref="Epoch"/> is checked in the very state that is read.</summary>
public readonly record struct RangeRoute(RangeId Range, ulong Epoch);

public readonly record struct GetQuery(RangeRoute Route, ReadOnlyMemory<byte> Key, ReadConsistency Consistency, TimeSpan MaxStaleness, Revision? At);

public readonly record struct GetAnswer(KeyValue? Value, Revision Revision);

/// <summary>One page of a scan inside one range. Empty End: to the end of the range. <see cref="At"/>: the snapshot revision of the page before.</summary>
public readonly record struct ScanQuery(RangeRoute Route, ReadOnlyMemory<byte> Start, ReadOnlyMemory<byte> End, int Limit, int BytesMax, ScanContent Content, ScanOrder Order, ScanResultKind Kind,
    ReadConsistency Consistency, TimeSpan MaxStaleness, Revision? At);

public enum ScanResultKind { Records, Count }

/// <summary><see cref="More"/>: the limit was reached before the end; go on behind the last key (before it, when descending).</summary>
public sealed record ScanAnswer(IReadOnlyList<KeyValue> Values, long Count, bool More, Revision Revision);
