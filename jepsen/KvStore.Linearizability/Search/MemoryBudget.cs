namespace KvStore.Linearizability.Search;

/// <summary>
/// Bytes that all searches of one check hold together. What is charged includes arrays that were outgrown and may not have been collected yet,
/// so that the process stays within the bound and not only what is reachable.
/// </summary>
internal sealed class MemoryBudget(long bytesMax)
{
    public long Held { get; private set; }

    public long Peak { get; private set; }

    public bool CanAfford(long bytes) => Held + bytes <= bytesMax;

    /// <exception cref="MemoryBudgetException">Not that much is left; nothing was charged.</exception>
    public void Charge(long bytes)
    {
        if (!CanAfford(bytes)) throw new MemoryBudgetException();
        Held += bytes;
        Peak = Math.Max(Peak, Held);
    }

    public void Release(long bytes)
    {
        Held -= bytes;
        Invariant.That(Held >= 0);
    }
}
