namespace KvStore.Linearizability;

/// <summary>What a check found. Only <see cref="Linearizable"/> is a pass.</summary>
public enum Verdict
{
    /// <summary>The check gave up on part of the history (memory, steps or time) and found nothing wrong in the rest. Never a pass.</summary>
    Unknown,

    /// <summary>Some order of the operations explains every answer and respects real time.</summary>
    Linearizable,

    /// <summary>No such order exists: the store gave an answer that it must never give.</summary>
    NotLinearizable,
}
