using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>Somebody on this node who wants to know when a lock's holder or value has changed. What it is now has to be read.</summary>
public sealed class LockWatch : IDisposable
{
    private readonly LockWaits owner;

    internal LockWatch(LockWaits owner, GroupId group, string name, Action changed) => (this.owner, Group, Lock, Changed) = (owner, group, name, changed);

    internal GroupId Group { get; }
    internal string Lock { get; }
    internal Action Changed { get; }

    /// <summary>From here on nobody is called, except by a change that is being told already.</summary>
    public void Dispose() => owner.Remove(this);
}
