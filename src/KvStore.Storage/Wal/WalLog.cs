using Microsoft.Extensions.Logging;

namespace KvStore.Storage.Wal;

/// <summary>All log messages of the WAL.</summary>
internal static partial class WalLog
{
    [LoggerMessage(3001, LogLevel.Warning, "WAL: cut a torn batch {Sequence} at offset {Offset} of {File}; it was never acknowledged, or was the newest batch and not yet sealed")]
    public static partial void TornTail(ILogger logger, string file, long offset, ulong sequence);

    [LoggerMessage(3002, LogLevel.Warning, "WAL: copy {Copy} of slot {Slot} of {File} was damaged; the other copy is used and the damaged one rewritten")]
    public static partial void VoteCopyDamaged(ILogger logger, string file, int slot, VoteCopy copy);

    [LoggerMessage(3003, LogLevel.Information, "WAL: recovered {Groups} groups from {Segments} segments up to batch {Sequence}")]
    public static partial void Recovered(ILogger logger, int groups, int segments, ulong sequence);

    [LoggerMessage(3004, LogLevel.Critical, "WAL: a write or sync failed; nothing more is written by this process")]
    public static partial void WriteFailed(ILogger logger, Exception failure);

    [LoggerMessage(3005, LogLevel.Information, "WAL: created in {Directory} with id {WalId:x16}")]
    public static partial void Created(ILogger logger, string directory, ulong walId);
}
