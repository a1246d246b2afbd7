namespace KvStore.Storage.Engine;

/// <summary>The order in which a scan returns keys (compared byte by byte).</summary>
public enum ScanOrder { Ascending, Descending }

/// <summary>Whether a scan reads the records or answers from the index alone.</summary>
public enum ScanContent { KeysAndValues, KeysOnly }

/// <summary>How much history a snapshot keeps from being dropped.</summary>
public enum SnapshotHistory
{
    /// <summary>What is visible at its revision.</summary>
    None,
    /// <summary>Everything since the compaction revision: needed for <see cref="RangeSnapshot.Records"/>.</summary>
    All,
}
