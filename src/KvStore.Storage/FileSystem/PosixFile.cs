using System.Runtime.InteropServices;

namespace KvStore.Storage.FileSystem;

/// <summary>A file behind a Linux descriptor.</summary>
internal sealed class PosixFile(string path, LibcHandle handle) : IFile
{
    private const int ZeroChunkBytes = 1 << 20;

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

    public unsafe void WriteAt(ReadOnlySpan<byte> data, long offset)
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
    }

    public void Truncate(long length)
    {
        while (Libc.Truncate(handle, length) != 0)
            if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted) throw LibcError.Last("ftruncate", path);
    }

    public void Dispose() => handle.Dispose();

    /// <summary>Reserves the place where the file system has no fallocate.</summary>
    private void WriteZeros(long from, long to)
    {
        byte[] zeros = new byte[ZeroChunkBytes];
        for (long offset = from; offset < to; offset += ZeroChunkBytes)
            WriteAt(zeros.AsSpan(0, (int)Math.Min(ZeroChunkBytes, to - offset)), offset);
    }
}
