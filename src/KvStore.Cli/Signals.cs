using System.Runtime.InteropServices;

namespace KvStore.Cli;

/// <summary>Signals to other processes.</summary>
internal static class Signals
{
    public const int Terminate = 15;

    /// <summary>0, or -1 with the reason in <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Send(int processId, int signal);
}
