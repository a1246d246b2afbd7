using FASTER.core;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>
/// FASTER's log on the file system of the node: segment n is the file <c>path.n</c>. A write is complete when it is durable. FASTER's own device goes through the page cache and the runtime's
/// file streams (docs/adr/0016, 0021).
/// </summary>
internal sealed class FasterDevice(IFileSystem fileSystem, string path, PageWrites pages) : StorageDeviceBase(path, SectorBytes, Devices.CAPACITY_UNSPECIFIED)
{
    /// <summary>What FASTER aligns memory, place and length of its writes to: direct writes need it.</summary>
    private const uint SectorBytes = 4096;
    /// <summary>A read that is longer is of a page, by a scan, which had better have a thread of its own.</summary>
    private const int RecordBytesMax = 128 << 10;
    private const uint Failed = uint.MaxValue;

    private readonly CancellationTokenSource _broken = new();
    private volatile Exception? _failure;

    /// <summary>Its own lock. Segments that were written or read since the start and not removed.</summary>
    private readonly Dictionary<int, LogSegment> _segments = [];

    private readonly StorePages _pages = new(pages);

    /// <summary>Why a write was not made durable: FASTER waits for it for ever. Null while all were; final.</summary>
    public Exception? Failure => _failure;

    /// <summary>Cancelled with the first <see cref="Failure"/>.</summary>
    public CancellationToken Broken => _broken.Token;

    public override void WriteAsync(IntPtr sourceAddress, int segmentId, ulong destinationAddress, uint numBytesToWrite, DeviceIOCompletionCallback callback, object context) =>
        _pages.Add(() => Run(() => Write(sourceAddress, segmentId, (long)destinationAddress, (int)numBytesToWrite), callback, context), () => callback(Failed, 0, context));

    /// <summary>Before FASTER's store is closed: from here on no page is read, and nothing is written.</summary>
    public void StopWriting() => _pages.Stop();

    /// <summary>A record that is in the page cache is read here: another thread would take far longer to wake than to read it.</summary>
    public override void ReadAsync(int segmentId, ulong sourceAddress, IntPtr destinationAddress, uint readLength, DeviceIOCompletionCallback callback, object context)
    {
        if (readLength <= RecordBytesMax && TryReadWithoutWaiting(segmentId, (long)sourceAddress, destinationAddress, (int)readLength)) callback(0, readLength, context);
        else DiskThreads.Queue(() => Run(() => Read(segmentId, (long)sourceAddress, destinationAddress, (int)readLength), callback, context));
    }

    public override void RemoveSegmentAsync(int segment, AsyncCallback callback, IAsyncResult result)
    {
        try
        {
            lock (_segments)
            {
                if (_segments.Remove(segment, out var log)) log.Dispose();
            }

            if (fileSystem.FileExists(PathOf(segment))) fileSystem.DeleteFile(PathOf(segment));
        }
        catch (IOException)
        {
            // What is left of it is deleted at the next start, and FASTER has nothing to do about it.
        }

        callback(result);
    }

    public override void Dispose()
    {
        lock (_segments)
        {
            foreach (var log in _segments.Values) log.Dispose();
            _segments.Clear();
        }
    }

    private static void Run(Func<int> transfer, DeviceIOCompletionCallback callback, object context)
    {
        uint count = 0, error = 0;
        try
        {
            count = (uint)transfer();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // FASTER takes it as a code; a failed write is Failure, too, for FASTER only waits.
            error = Failed;
        }

        callback(error, count, context);
    }

    private unsafe int Write(IntPtr source, int segment, long at, int length)
    {
        var data = new ReadOnlySpan<byte>((void*)source, length);
        try
        {
            Open(segment, FileOpen.OpenOrCreate).Write(data, at);
        }
        catch (Exception e)
        {
            _failure ??= e;
            _broken.Cancel();
            throw;
        }

        return length;
    }

    private unsafe int Read(int segment, long at, IntPtr target, int length) => Open(segment, FileOpen.OpenExisting).Read(new Span<byte>((void*)target, length), at);

    private unsafe bool TryReadWithoutWaiting(int segment, long at, IntPtr target, int length)
    {
        try
        {
            return Open(segment, FileOpen.OpenExisting).TryReadWithoutWaiting(new Span<byte>((void*)target, length), at);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The other way meets it again, and tells FASTER.
            return false;
        }
    }

    private LogSegment Open(int segment, FileOpen mode)
    {
        lock (_segments)
        {
            if (!_segments.TryGetValue(segment, out var log)) _segments.Add(segment, log = new LogSegment(fileSystem.Open(PathOf(segment), mode)));
            return log;
        }
    }

    private string PathOf(int segment) => GetSegmentFilename(FileName, segment);
}
