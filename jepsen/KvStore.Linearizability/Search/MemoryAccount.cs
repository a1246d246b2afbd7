namespace KvStore.Linearizability.Search;

/// <summary>One search's share of the budget, given back as a whole when the search ends.</summary>
internal sealed class MemoryAccount(MemoryBudget budget)
{
    public long Held { get; private set; }

    public bool CanAfford(long bytes) => budget.CanAfford(bytes);

    /// <summary>To be called before memory is taken and before anything changes, so that the caller can be asked again when others have released theirs.</summary>
    /// <exception cref="MemoryBudgetException">The budget does not have that much left; nothing was charged.</exception>
    public void Charge(long bytes)
    {
        budget.Charge(bytes);
        Held += bytes;
    }

    public void Close()
    {
        budget.Release(Held);
        Held = 0;
    }
}
