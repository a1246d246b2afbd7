using Microsoft.Win32.SafeHandles;

namespace KvStore.Storage.FileSystem;

/// <summary>An open file descriptor; closed once, also when its owner was forgotten.</summary>
internal sealed class LibcHandle : SafeHandleMinusOneIsInvalid
{
    public LibcHandle(int descriptor) : base(ownsHandle: true) => SetHandle(descriptor);

    // Linux frees the descriptor whatever close answers, and nothing durable depends on it: what must last was synced before.
    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
