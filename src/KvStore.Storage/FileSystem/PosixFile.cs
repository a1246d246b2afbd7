using System.Runtime.InteropServices;

namespace KvStore.Storage.FileSystem;

/// <summary>A file behind a Linux descriptor.</summary>
internal sealed class PosixFile(string path, LibcHandle handle) : IFile
{
    private const int ZeroChunkBytes = 1 << 20;
    private static readonly byte[] Zeros = new byte[ZeroChunkBytes];
    /// <summary>This libc has no reads without waiting.</summary>
    private static volatile bool s_alwaysWaits;

    /// <summary>
    /// Reserved space that nobody has written to yet, as long as writes come in order. The sync of a first write into reserved space also commits to the file system's journal that the space is
    /// written now, which takes longer than the data: so zeros go ahead of the data, a megabyte at a time (docs/adr/0013).
    /// </summary>
    private (long From, long To) reserved;

    public string Path => path;

    public long Length
    {
        get
        {
            long length = Libc.Seek(handle, 0, Libc.SeekEnd);
            return length >= 0 ? length : throw LibcError.Last("lseek", path);
        }
    }

    public unsafe int ReadAt(Span<byte> buffer, long offset)
    {
        int done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                nint count = Libc.ReadAt(handle, start + done, buffer.Length - done, offset + done);
                if (count == 0) break;
                if (count > 0) done += (int)count;
                else if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted) throw LibcError.Last("pread", path);
            }
        }
        return done;
    }

    /// <summary>What stands in the page cache. Any failure is left to <see cref="ReadAt"/>, which meets it again.</summary>
    public unsafe bool TryReadWithoutWaiting(Span<byte> buffer, long offset)
    {
        if (s_alwaysWaits) return false;
        try
        {
            fixed (byte* start = buffer) return Libc.ReadAt(handle, new Libc.Buffer { Start = start, Length = buffer.Length }, 1, offset, Libc.ReadWithoutWaiting) == buffer.Length;
        }
        catch (EntryPointNotFoundException)
        {
            s_alwaysWaits = true;
            return false;
        }
    }

    public void WriteAt(ReadOnlySpan<byte> data, long offset)
    {
        Write(data, offset);
        long end = offset + data.Length;
        if (end <= reserved.From || reserved.From >= reserved.To) return;
        // Zeros never go where something may have been written: with the first gap they end.
        long zeroed = offset > reserved.From ? end : Math.Min(end + ZeroChunkBytes, reserved.To);
        if (end < zeroed) Write(Zeros.AsSpan(0, (int)(zeroed - end)), end);
        reserved = (zeroed, offset > reserved.From ? zeroed : reserved.To);
    }

    private unsafe void Write(ReadOnlySpan<byte> data, long offset)
    {
        fixed (byte* start = data)
        {
            int done = 0;
            while (done < data.Length)
            {
                nint count = Libc.WriteAt(handle, start + done, data.Length - done, offset + done);
                if (count > 0) done += (int)count;
                else if (count == 0) throw new IOException($"pwrite of '{path}' wrote nothing");
                else if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted) throw LibcError.Last("pwrite", path);
            }
        }
    }

    // Not even EINTR is retried: after any failure the kernel may have marked the lost pages clean.
    public void Sync()
    {
        if (Libc.SyncContent(handle) != 0) throw LibcError.Last("fdatasync", path);
    }

    public void Allocate(long length)
    {
        long from = Length;
        while (Libc.Allocate(handle, 0, 0, length) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error == Libc.ErrorInterrupted) continue;
            if (error != Libc.ErrorNotSupported) throw LibcError.Of(error, "fallocate", path);
            WriteZeros(from, length);
            return;
        }
        if (length > from) reserved = (from, length);
    }

    public void Truncate(long length)
    {
        reserved = default;
        while (Libc.Truncate(handle, length) != 0)
            if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted) throw LibcError.Last("ftruncate", path);
    }

    public void Dispose() => handle.Dispose();

    /// <summary>Reserves the place where the file system has no fallocate.</summary>
    private void WriteZeros(long from, long to)
    {
        for (long offset = from; offset < to; offset += ZeroChunkBytes) Write(Zeros.AsSpan(0, (int)Math.Min(ZeroChunkBytes, to - offset)), offset);
    }
}
