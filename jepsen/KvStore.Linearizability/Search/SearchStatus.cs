namespace KvStore.Linearizability.Search;

/// <summary>Where a search stands after a slice of work.</summary>
internal enum SearchStatus
{
    /// <summary>The slice is used up.</summary>
    Running,

    /// <summary>All operations up to the goal were placed.</summary>
    Found,

    /// <summary>Every possibility was tried.</summary>
    Exhausted,
}
