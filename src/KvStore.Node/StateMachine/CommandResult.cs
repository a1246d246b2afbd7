using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>Persisted numbers (stored results).</summary>
public enum CommandStatus : byte
{
    Ok = 0,
    /// <summary>CompareAndSwap: what was expected is not there; <see cref="CommandResult.Current"/> is.</summary>
    Mismatch = 1,
    /// <summary>The range is not owned by this group at that epoch: not applied.</summary>
    EpochNotMatch = 2,
    /// <summary>The client session has ended, or the sequence lies below what the client said it no longer awaits: outcome unknown.</summary>
    SessionExpired = 3,
    /// <summary>Increment of something that is not a decimal number, or overflow; <see cref="CommandResult.Current"/> is what is there.</summary>
    NotANumber = 4,
    Fenced = 5,
    InvalidArgument = 6,
    /// <summary>The lease of a put is unknown or has ended: nothing was applied.</summary>
    LeaseNotFound = 7,
    /// <summary>A transaction crosses colocation units: nothing was applied.</summary>
    NotColocated = 8,
    /// <summary>A transaction needs a key that is not there: nothing was applied.</summary>
    FailedPrecondition = 9,
    /// <summary>A lease of the chosen id is there already: nothing was applied.</summary>
    LeaseExists = 15,
    /// <summary>A table of the group is full (leases and their keys, locks and their queues): not applied and not kept, so that the same command may be tried again.</summary>
    ResourceExhausted = 16,
    /// <summary>A token that no lock was ever given. Nothing was applied.</summary>
    LockNotFound = 20,
    /// <summary>The group has not been registered at the lock's home for this token: not applied and not kept; the same command may be tried again after registering.</summary>
    FenceUnregistered = 22,
}

/// <summary>
/// What one command did. <see cref="Flag"/>: CompareAndSwap swapped, Delete existed, a transaction's compares held. <see cref="Number"/>: the incremented value.
/// </summary>
/// <remarks>What is rare is behind one reference: a result is copied several times on its way to its caller, and kept.</remarks>
public readonly record struct CommandResult(CommandStatus Status, Revision Revision, bool Flag = false, long Number = 0)
{
    /// <summary>A <see cref="KeyValue"/> or a response's bytes: no result has both, the one that is set takes the other's place.</summary>
    private readonly object? content;

    /// <summary>Whether there is a <see cref="Current"/>, without a copy of it.</summary>
    public bool HasCurrent => content is KeyValue;

    /// <summary>What is there instead of what was expected.</summary>
    public KeyValue? Current
    {
        get => content is KeyValue current ? current : null;
        init => content = value;
    }

    /// <summary>A transaction's serialized <c>TransactionResponse</c> without header and revision; of a refused one: why, in UTF-8.</summary>
    public byte[]? Response
    {
        get => content as byte[];
        init => content = value;
    }

    /// <summary>Bytes beyond the result itself.</summary>
    internal long ContentBytes => content switch
    {
        KeyValue current => current.Key.Length + current.Value.Length,
        byte[] response => response.Length,
        _ => 0,
    };
}
