namespace KvStore.Node.Calls;

/// <summary>What becomes of a call whose outcome is unknown (a lost frame, a leader that fell after it had proposed).</summary>
public enum CallRetry
{
    /// <summary>It is made again until it is answered or its deadline has passed: for commands that may be applied twice.</summary>
    UntilAnswered,
    /// <summary>It fails with <see cref="NodeError.OutcomeUnknown"/>. Refusals that are certain (no leader here, a full queue) are tried again all the same.</summary>
    WhenRefused,
}
