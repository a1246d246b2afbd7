using System.Globalization;
using System.Runtime.InteropServices;

namespace KvStore.Storage.FileSystem;

/// <summary>Makes the exception for a failed system call: path, operation and the system's own words.</summary>
internal static class LibcError
{
    public static IOException Last(string operation, string path) => Of(Marshal.GetLastPInvokeError(), operation, path);

    public static IOException Of(int error, string operation, string path)
    {
        string message = string.Create(CultureInfo.InvariantCulture, $"{operation} of '{path}' failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})");
        return error switch
        {
            Libc.ErrorNoSpace or Libc.ErrorQuota => new DiskFullException(message),
            Libc.ErrorNoEntry => new FileNotFoundException(message, path),
            _ => new IOException(message),
        };
    }
}
