namespace Grpc.Net.Client;

/// <summary>What ended a call early. The first cause stays: it decides between CANCELLED and DEADLINE_EXCEEDED, not a look at the clock.</summary>
internal enum CancelCause
{
    None,
    Caller,
    Deadline,
    Disposed,
}
