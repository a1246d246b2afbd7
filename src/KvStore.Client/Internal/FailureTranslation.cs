using System.Text;
using KvStore.Client.Internal.Operations;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal;

/// <summary>Failures as the exceptions of the public API.</summary>
internal static class FailureTranslation
{
    private const int KeyShownMax = 64;

    /// <summary>The end of an operation that cannot be tried again.</summary>
    public static KvException ToException(Operation operation, Failure failure)
    {
        // An answer that apply gave is exact even for a repeated write, because the repetition has the same id.
        var fromApply = failure.Code is ErrorCode.FailedPrecondition or ErrorCode.Fenced or ErrorCode.LockNotFound or ErrorCode.NotColocated or ErrorCode.LeaseNotFound;
        var unknown = operation.IsWrite && (failure.OutcomeUnknown || (operation.MayBeApplied && !fromApply) || failure.Code == ErrorCode.Internal);
        return ToException(failure, $"{Name(operation)}: {failure.Message}", unknown ? KvOutcome.Unknown : KvOutcome.NotApplied);
    }

    public static KvException ToException(Failure failure, string message, KvOutcome outcome)
    {
        var cause = failure.Cause;
        if (failure.Denied) return new KvPermissionDeniedException(message, outcome, cause);
        return failure.Code switch
        {
            ErrorCode.InvalidArgument => new KvInvalidArgumentException(message, outcome, cause),
            ErrorCode.ResourceExhausted => new KvResourceExhaustedException(message, outcome, cause),
            ErrorCode.DeadlineExceeded => new KvTimeoutException(message, outcome, cause),
            ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.EpochNotMatch => new KvUnavailableException(message, outcome, cause),
            ErrorCode.SessionExpired => new KvSessionExpiredException(message, outcome, cause),
            ErrorCode.Compacted => new KvCompactedException(message, outcome, cause),
            ErrorCode.FailedPrecondition => new KvPreconditionFailedException(message, outcome, cause),
            ErrorCode.FutureRevision => new KvFutureRevisionException(message, outcome, cause),
            ErrorCode.NotFound => new KvNotFoundException(message, outcome, cause),
            ErrorCode.Fenced => new KvFencedException(message, outcome, cause),
            ErrorCode.LeaseNotFound => new KvLeaseNotFoundException(message, outcome, cause),
            ErrorCode.LockNotFound => new KvLockNotFoundException(message, outcome, cause),
            ErrorCode.LeaseElsewhere => new KvPreconditionFailedException(message, outcome, cause),
            ErrorCode.NotColocated => new KvNotColocatedException(message, failure.Key, failure.OtherKey, outcome, cause),
            _ => new KvInternalException(message, outcome, cause),
        };
    }

    /// <summary>The end of an operation whose deadline has passed.</summary>
    public static KvException Expired(Operation operation, ExpiredWhile phase)
    {
        var outcome = operation.IsWrite && (operation.MayBeApplied || phase == ExpiredWhile.Sent) ? KvOutcome.Unknown : KvOutcome.NotApplied;
        var message = new StringBuilder().Append(Name(operation)).Append(": no answer within ").Append(Seconds(operation.Timeout));
        if (outcome == KvOutcome.Unknown) message.Append("; the write may or may not have taken effect");
        if (operation.LastFailure is not { } last) return new KvTimeoutException(message.ToString(), outcome);
        message.Append("; last: ").Append(last.Message);
        if (phase == ExpiredWhile.Sent || last.Code == ErrorCode.DeadlineExceeded) return new KvTimeoutException(message.ToString(), outcome, last.Cause);
        return last.Code == ErrorCode.ResourceExhausted
            ? new KvResourceExhaustedException(message.ToString(), outcome, last.Cause)
            : new KvUnavailableException(message.ToString(), outcome, last.Cause);
    }

    public static string Show(ReadOnlySpan<byte> key)
    {
        var shown = key.Length > KeyShownMax ? key[..KeyShownMax] : key;
        foreach (var b in shown)
            if (b is < 0x20 or >= 0x7F) return $"0x{Convert.ToHexStringLower(shown)}{(shown.Length < key.Length ? "…" : "")}";
        return $"'{Encoding.ASCII.GetString(shown)}{(shown.Length < key.Length ? "…" : "")}'";
    }

    public static string Seconds(TimeSpan time) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");

    private static string Name(Operation operation)
    {
        var verb = operation.Kind switch
        {
            OperationKind.Get => "get",
            OperationKind.Put => "put",
            OperationKind.Delete => "delete",
            OperationKind.CompareAndSwap => "compare-and-swap",
            OperationKind.Transaction => "transaction at",
            _ => "increment",
        };
        return $"{verb} {Show(operation.Key.Span)}";
    }
}

/// <summary>Where a deadline found an operation.</summary>
internal enum ExpiredWhile
{
    /// <summary>Between two attempts or before the first.</summary>
    Waiting,
    /// <summary>In an attempt that may have reached its node.</summary>
    Sent,
}
