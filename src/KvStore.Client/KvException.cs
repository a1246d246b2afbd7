namespace KvStore.Client;

/// <summary>The base of all errors that operations of the SDK throw, apart from <see cref="OperationCanceledException"/> and <see cref="ObjectDisposedException"/>.</summary>
public abstract class KvException : Exception
{
    private protected KvException(string message, KvOutcome outcome, Exception? inner) : base(message, inner) => Outcome = outcome;

    /// <summary>Whether the same call may succeed later without any change. The SDK has already tried until the call's deadline.</summary>
    public abstract bool IsTransient { get; }

    /// <summary>What became of the write.</summary>
    public KvOutcome Outcome { get; }

    /// <summary>The write may or may not have taken effect, or may still.</summary>
    public bool OutcomeUnknown => Outcome == KvOutcome.Unknown;
}

/// <summary>What became of a write that failed.</summary>
public enum KvOutcome
{
    /// <summary>It has not taken effect and never will.</summary>
    NotApplied,
    /// <summary>It may or may not have taken effect, or may still.</summary>
    Unknown,
}
