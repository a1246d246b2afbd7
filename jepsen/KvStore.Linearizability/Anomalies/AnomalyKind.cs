namespace KvStore.Linearizability.Anomalies;

/// <summary>What can go wrong between transactions, the worst first. Names after Adya, "Weak Consistency" (1999), and Berenson et al., "A Critique of ANSI SQL Isolation Levels" (1995).</summary>
public enum AnomalyKind
{
    /// <summary>Two transactions overwrote each other in different orders on different keys (G0).</summary>
    DirtyWrite,
    /// <summary>A transaction read what another one wrote that failed, or that it replaced itself before it ended (G1a, G1b).</summary>
    DirtyRead,
    /// <summary>Transactions read each other's writes in a circle (G1c).</summary>
    CircularFlow,
    /// <summary>Two transactions read the same version of a key and both replaced it (P4).</summary>
    LostUpdate,
    /// <summary>A transaction saw a part of another one's writes and missed the rest (G-single, A5A).</summary>
    ReadSkew,
    /// <summary>Transactions each missed a write of the other, on keys that were there (G2-item, A5B).</summary>
    WriteSkew,
    /// <summary>The same where one of them found no key, and the other one made it (G2, P3).</summary>
    Phantom,
}
