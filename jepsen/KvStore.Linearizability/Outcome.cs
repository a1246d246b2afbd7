namespace KvStore.Linearizability;

/// <summary>How an operation ended, as its client knows it. A client in doubt says <see cref="Unknown"/>.</summary>
public enum Outcome
{
    /// <summary>It may take effect at any time after its call, once, or never.</summary>
    Unknown,

    /// <summary>It took effect, once, between its call and its return, and gave the recorded answer.</summary>
    Completed,

    /// <summary>It certainly had no effect and never will.</summary>
    Failed,
}
