namespace KvStore.Node.Locks;

/// <summary>What became of a claim. <see cref="Token"/> when it holds the lock.</summary>
public readonly record struct LockAnswer(LockOutcome Outcome, ulong Token = 0);

public enum LockOutcome
{
    /// <summary>From now on no older token of the lock is accepted anywhere.</summary>
    Held,
    /// <summary>It was not free, and the claim would not wait; or the claim was withdrawn while it waited.</summary>
    NotHeld,
    /// <summary>The claim would not wait, but had a place in the queue from before; it keeps that.</summary>
    Waiting,
}
