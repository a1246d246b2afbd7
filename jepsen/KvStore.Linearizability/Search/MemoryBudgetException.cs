namespace KvStore.Linearizability.Search;

/// <summary>A search needs more memory than the check may use. It can go on where it stopped when others have released theirs.</summary>
internal sealed class MemoryBudgetException() : Exception("the check's memory is used up");
