using KvStore.Client.Internal.Locks;
using KvStore.Client.Locks;

namespace KvStore.Client.Elections;

/// <summary>Leadership that lasts until it is resigned or disposed, or <see cref="Lost"/>. What only the leader may write is written with <see cref="Fence"/>. Thread-safe.</summary>
public sealed class KvLeadership : IAsyncDisposable
{
    private readonly LockCalls _calls;
    private readonly KvLock _held;
    private ulong _proclamations;

    internal KvLeadership(LockCalls calls, KvLock held) => (_calls, _held) = (calls, held);

    /// <summary>The election's name.</summary>
    public string Name => _held.Name;

    /// <summary>Greater than that of every earlier leader.</summary>
    public ulong FencingToken => _held.FencingToken;

    /// <summary>To be given to writes: <see cref="KvWriteOptions.Fence"/>.</summary>
    public KvFence Fence => _held.Fence;

    /// <summary>Cancelled before another one can lead: see <see cref="KvLock.Lost"/>.</summary>
    public CancellationToken Lost => _held.Lost;

    /// <summary>Replaces the value that observers see. A value of an earlier call does not come back, whatever becomes of that call.</summary>
    /// <exception cref="KvFencedException">Another one leads, or this leadership has ended.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public Task ProclaimAsync(KvBytes value, CancellationToken cancellationToken = default)
    {
        LockCalls.Check(Name, value);
        return _calls.ProclaimAsync(Name, FencingToken, Interlocked.Increment(ref _proclamations), value, cancellationToken);
    }

    /// <summary>Gives up the leadership; whoever waits next leads. Once; later calls do nothing.</summary>
    /// <exception cref="KvUnavailableException">No node could be told in time: the leadership ends with its lease.</exception>
    public Task ResignAsync(CancellationToken cancellationToken = default) => _held.ReleaseAsync(cancellationToken);

    /// <summary>As <see cref="ResignAsync"/>; when the cluster cannot be reached the leadership ends with its lease, and nothing is thrown.</summary>
    public ValueTask DisposeAsync() => _held.DisposeAsync();
}
