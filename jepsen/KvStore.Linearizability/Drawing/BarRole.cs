namespace KvStore.Linearizability.Drawing;

/// <summary>What a bar has to do with the verdict; the names in lower case are the page's style classes.</summary>
internal enum BarRole
{
    /// <summary>It is drawn for orientation.</summary>
    Other,

    /// <summary>It has a place in the order that was found.</summary>
    Placed,

    /// <summary>It ran at the same time as the operation that cannot be placed, or its outcome is unknown.</summary>
    Neighbour,

    /// <summary>It wrote a value that the operation that cannot be placed saw.</summary>
    Source,

    /// <summary>It cannot be placed.</summary>
    Offending,
}
