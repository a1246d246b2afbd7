using System.Collections;
using KvStore.Storage.FileSystem;

namespace KvStore.Storage.Engine;

/// <summary>
/// One file of a record log. What is written goes past the page cache, since its records stay in memory for now and most are never read from here; the first read of a block brings all of it
/// into the page cache, once, so that what has left memory is soon read from there (docs/adr/0021).
/// </summary>
internal sealed class LogSegment(IFile file) : IDisposable
{
    private const int BlockBytes = 128 << 10;

    /// <summary>Its own lock. By number of the block: written and not read since.</summary>
    private readonly BitArray _unread = new(0);

    /// <summary>Durable when it returns.</summary>
    public void Write(ReadOnlySpan<byte> data, long at)
    {
        lock (file)
        {
            for (var done = 0; done < data.Length; done += BlockBytes) file.WriteDirectAt(data.Slice(done, Math.Min(BlockBytes, data.Length - done)), at + done);
            file.Sync();
        }

        lock (_unread)
        {
            var last = BlockOf(at + data.Length - 1);
            if (_unread.Length <= last) _unread.Length = last + 1;
            for (var block = BlockOf(at); block <= last; block++) _unread[block] = true;
        }
    }

    public int Read(Span<byte> buffer, long at)
    {
        for (var block = BlockOf(at); block <= BlockOf(at + buffer.Length - 1); block++)
        {
            if (TakeUnread(block)) file.ReadAhead((long)block * BlockBytes, BlockBytes);
        }

        return file.ReadAt(buffer, at);
    }

    /// <summary>As <see cref="IFile.TryReadWithoutWaiting"/>.</summary>
    public bool TryReadWithoutWaiting(Span<byte> buffer, long at) => file.TryReadWithoutWaiting(buffer, at);

    public void Dispose() => file.Dispose();

    private static int BlockOf(long at) => (int)(at / BlockBytes);

    private bool TakeUnread(int block)
    {
        lock (_unread)
        {
            if (block >= _unread.Length || !_unread[block]) return false;
            _unread[block] = false;
            return true;
        }
    }
}
