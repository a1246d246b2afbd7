using KvStore.Protocol.V1;

namespace KvStore.Client.Internal;

/// <summary>Why one attempt did not give a result.</summary>
internal sealed record Failure(ErrorCode Code, string Message)
{
    /// <summary>The attempt's write may have been proposed.</summary>
    public bool OutcomeUnknown { get; init; }
    public TimeSpan RetryAfter { get; init; }
    public RangeDescriptor? Range { get; init; }
    public ulong LeaderNode { get; init; }
    /// <summary>Of <see cref="ErrorCode.NotColocated"/>.</summary>
    public KvBytes Key { get; init; }
    public KvBytes OtherKey { get; init; }
    public Exception? Cause { get; init; }
    /// <summary>Set when the node refuses the caller, which no retry changes.</summary>
    public bool Denied { get; init; }

    public static Failure From(Error error) => new(error.Code, error.Message)
    {
        OutcomeUnknown = error.OutcomeUnknown,
        RetryAfter = TimeSpan.FromMilliseconds(error.RetryAfterMs),
        Range = error.Range,
        LeaderNode = error.LeaderNode,
        Key = error.Key.Memory,
        OtherKey = error.OtherKey.Memory,
    };
}
