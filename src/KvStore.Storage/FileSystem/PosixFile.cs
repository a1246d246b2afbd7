using System.Runtime.InteropServices;

namespace KvStore.Storage.FileSystem;

/// <summary>A file behind a Linux descriptor.</summary>
internal sealed class PosixFile(string path, LibcHandle handle) : IFile
{
    private const int ZeroChunkBytes = 1 << 20;
    /// <summary>What direct writes begin, end and have their memory on a multiple of.</summary>
    private const int DirectBlockBytes = 4096;
    private static readonly unsafe byte* s_zeros = AllocateZeros();
    /// <summary>This libc has no reads without waiting.</summary>
    private static volatile bool s_alwaysWaits;

    /// <summary>A second descriptor that writes past the page cache; opened when first wanted. Invalid where the file system has none, or wants larger blocks.</summary>
    private LibcHandle? direct;

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

    public void WriteAt(ReadOnlySpan<byte> data, long offset) => WriteAt(data, offset, handle);

    public void WriteDirectAt(ReadOnlySpan<byte> data, long offset)
    {
        direct ??= Libc.Open(path, Libc.OpenWriteOnly | Libc.OpenDirect | Libc.OpenCloseOnExec, 0);
        WriteAt(data, offset, direct);
    }

    // The kernel reads in the background; advice that it does not take changes nothing.
    public void ReadAhead(long offset, long length) => _ = Libc.Advise(handle, offset, length, Libc.AdviseWillNeed);

    // Of the file, by whichever descriptor it was written. Not even EINTR is retried: after any failure the kernel may have marked the lost pages clean.
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
            // Where the file system has no fallocate the zeros reserve the place.
            WriteZeros(from, length, handle);
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

    public void Dispose()
    {
        handle.Dispose();
        direct?.Dispose();
    }

    private void WriteAt(ReadOnlySpan<byte> data, long offset, LibcHandle by)
    {
        Write(data, offset, by);
        long end = offset + data.Length;
        if (end <= reserved.From || reserved.From >= reserved.To) return;
        // Zeros never go where something may have been written: with the first gap they end.
        long zeroed = offset > reserved.From ? end : Math.Min(end + ZeroChunkBytes, reserved.To);
        WriteZeros(end, zeroed, by);
        reserved = (zeroed, offset > reserved.From ? zeroed : reserved.To);
    }

    private unsafe void WriteZeros(long from, long to, LibcHandle by)
    {
        for (long offset = from; offset < to; offset += ZeroChunkBytes) Write(new ReadOnlySpan<byte>(s_zeros, (int)Math.Min(ZeroChunkBytes, to - offset)), offset, by);
    }

    /// <summary>Past the page cache what goes by <see cref="direct"/>, if it is whole blocks and the file system has no objection.</summary>
    private unsafe void Write(ReadOnlySpan<byte> data, long offset, LibcHandle by)
    {
        fixed (byte* start = data)
        {
            if (by.IsInvalid || ((nint)start | data.Length | offset) % DirectBlockBytes != 0) by = handle;
            int done = 0;
            while (done < data.Length)
            {
                nint count = Libc.WriteAt(by, start + done, data.Length - done, offset + done);
                if (count > 0) done += (int)count;
                else if (count == 0) throw new IOException($"pwrite of '{path}' wrote nothing");
                else if (by == direct && Marshal.GetLastPInvokeError() == Libc.ErrorInvalid) by = handle;
                else if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted) throw LibcError.Last("pwrite", path);
            }
        }
    }

    /// <summary>For the whole life of the process, and never written to.</summary>
    private static unsafe byte* AllocateZeros()
    {
        byte* zeros = (byte*)NativeMemory.AlignedAlloc(ZeroChunkBytes, DirectBlockBytes);
        NativeMemory.Clear(zeros, ZeroChunkBytes);
        return zeros;
    }
}
