namespace KvStore.Node;

/// <summary>Numbers as in kvstore.v1 ErrorCode.</summary>
public enum NodeErrorCode
{
    InvalidArgument = 1, EpochNotMatch = 2, NotLeader = 3, ResourceExhausted = 4, DeadlineExceeded = 5, Unavailable = 6, SessionExpired = 7,
    Compacted = 8, FailedPrecondition = 9, FutureRevision = 10, NotFound = 11, Internal = 12, Fenced = 13, NotColocated = 14, LeaseNotFound = 15,
    LockNotFound = 20, LeaseElsewhere = 21,
}
