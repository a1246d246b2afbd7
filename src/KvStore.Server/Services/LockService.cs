using Google.Protobuf;
using Grpc.Core;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Protocol.V1.Locking;
using Lock = KvStore.Protocol.V1.Locking.Lock;

namespace KvStore.Server.Services;

/// <summary>kvstore.v1.Lock. Any node answers; a node without a replica of the lock's home passes on what has to wait for its state.</summary>
internal sealed class LockService(LockRequests requests, Forwarder forwarder) : Lock.LockBase
{
    private const int WaitingDefault = 100;

    public override Task<AcquireLockResponse> Acquire(AcquireLockRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => requests.AcquireAsync(request, context),
            node => forwarder.LockClientOf(node)?.AcquireAsync(request, Forwarder.Options(context)).ResponseAsync);

    public override async Task<ReleaseLockResponse> Release(ReleaseLockRequest request, ServerCallContext context) => new()
    {
        Released = await requests.AnswerAsync<bool>(context, (deadline, completed) => requests.Locks.Release(request.Name, request.Token, deadline, completed)).ConfigureAwait(false),
    };

    public override async Task<WithdrawClaimResponse> Withdraw(WithdrawClaimRequest request, ServerCallContext context)
    {
        var answer = await requests.AnswerAsync<LockAnswer>(context,
            (deadline, completed) => requests.Locks.Withdraw(request.Name, new LeaseId(request.Lease), deadline, completed)).ConfigureAwait(false);
        return new WithdrawClaimResponse { Token = answer.Token };
    }

    public override Task<DescribeLockResponse> Describe(DescribeLockRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => DescribeAsync(request, context.CancellationToken),
            node => forwarder.LockClientOf(node)?.DescribeAsync(request, Forwarder.Options(context)).ResponseAsync);

    private async Task<DescribeLockResponse> DescribeAsync(DescribeLockRequest request, CancellationToken cancellationToken)
    {
        var limit = request.WaitingLimit == 0 ? WaitingDefault : (int)Math.Min(request.WaitingLimit, LockLimits.WaitingMax);
        var description = await requests.Locks.DescribeAsync(request.Name, limit, cancellationToken).ConfigureAwait(false);
        var response = new DescribeLockResponse
        {
            Group = description.Home.Value, Token = description.Token, WaitingCount = (ulong)description.WaitingCount, Holder = description.Holder is { } holder ? ToProto(holder) : null,
        };
        response.Waiting.AddRange(description.Waiting.Select(ToProto));
        response.RegisteredGroups.AddRange(description.Registered.Select(group => group.Value));
        response.PendingGroups.AddRange(description.Pending.Select(group => group.Value));
        return response;
    }

    private static Claimant ToProto(LockParty party) => new() { Lease = party.Lease.Value, Value = ByteString.CopyFrom(party.Value.Span) };
}
