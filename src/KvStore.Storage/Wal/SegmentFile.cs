using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Wal;

/// <summary>A file of the WAL and the segment that it holds now; recycled under the same name.</summary>
internal sealed class SegmentFile(int number, IFile file, long length) : IDisposable
{
    public int Number => number;
    public IFile File => file;
    public long Length => length;
    /// <summary>0 while it holds none.</summary>
    public uint Segment { get; set; }
    /// <summary>Readers that are inside; the file is recycled only at 0. Guarded by the WAL's lock.</summary>
    public int Readers { get; set; }

    public void Dispose() => file.Dispose();

    public static string NameOf(int number) => $"{number:D8}{WalFormat.SegmentSuffix}";

    /// <summary>The number in a segment file's name; null for other files.</summary>
    public static int? NumberOf(string name) =>
        name.EndsWith(WalFormat.SegmentSuffix, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(0, name.Length - WalFormat.SegmentSuffix.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number)
            ? number : null;
}
