namespace KvStore.Storage.Wal;

public sealed record WalOptions
{
    public required string Directory { get; init; }
    public int SegmentBytes { get; init; } = 64 << 20;
    /// <summary>Past 4 × this size the group that pins the oldest segment is asked to checkpoint.</summary>
    public long TargetBytes { get; init; } = 256L << 20;
    /// <summary>Writes are refused (disk full) when fewer bytes than this are available.</summary>
    public long ReserveBytes { get; init; } = 256L << 20;
}
