namespace KvStore.Linearizability.Search;

/// <summary>Keys that must be checked together, and the operations on them, as positions in the history.</summary>
internal sealed class Component
{
    public List<string> Keys { get; } = [];

    public List<int> Members { get; } = [];

    public bool HasTransactions { get; set; }
}
