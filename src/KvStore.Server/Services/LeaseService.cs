using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Raft;
using Proto = KvStore.Protocol.V1;

namespace KvStore.Server.Services;

/// <summary>kvstore.v1.Lease. Changes go to the owner's leader by the node's own calls; reads are passed on once to the node that leads the group.</summary>
internal sealed class LeaseService(KvNode node, RangeResolver ranges, Forwarder forwarder, RequestLimits limits, ITimeSource time) : Proto.Lease.LeaseBase
{
    private const int KeysPerGroupMax = 10_000;
    private const int LeasesPerPageMax = 10_000;
    private int _nextGroup;

    public override async Task<LeaseGrantResponse> Grant(LeaseGrantRequest request, ServerCallContext context)
    {
        if (request.TtlMs < (ulong)LeaseLimits.TimeToLiveMin.TotalMilliseconds || request.TtlMs > (ulong)LeaseLimits.TimeToLiveMax.TotalMilliseconds)
            throw Invalid(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"ttl_ms: {request.TtlMs}; it must be from {LeaseLimits.TimeToLiveMin.TotalMilliseconds:0} to {LeaseLimits.TimeToLiveMax.TotalMilliseconds:0}"));
        try
        {
            var group = request.NearKey.IsEmpty ? AnyGroup() : ranges.Resolve(request.Keyspace, request.NearKey.Span, null).Group;
            var command = new GroupCommand { GrantLease = new GrantLease { TimeToLiveUs = request.TtlMs * 1000, TableBytesMax = (ulong)limits.LeaseBytesMax } };
            var result = await CallAsync(group, command, CallRetry.WhenRefused, context).ConfigureAwait(false);
            return new LeaseGrantResponse { Lease = (ulong)result.Number, TtlMs = request.TtlMs };
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    public override async Task<LeaseRevokeResponse> Revoke(LeaseRevokeRequest request, ServerCallContext context)
    {
        try
        {
            await CallAsync(OwnerOf(request.Lease), new GroupCommand { RevokeLease = new RevokeLease { Lease = request.Lease } }, CallRetry.WhenRefused, context).ConfigureAwait(false);
            return new LeaseRevokeResponse();
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    public override Task KeepAlive(IAsyncStreamReader<LeaseKeepAliveRequest> requestStream, IServerStreamWriter<LeaseKeepAliveResponse> responseStream, ServerCallContext context) =>
        new LeaseKeepAliveStream(node, responseStream, time).RunAsync(requestStream, context.CancellationToken);

    public override async Task<LeaseTimeToLiveResponse> TimeToLive(LeaseTimeToLiveRequest request, ServerCallContext context)
    {
        try
        {
            var group = request.Group != 0 ? new GroupId(request.Group) : OwnerOf(request.Lease);
            return await AtLeaderAsync(group, context, () => TimeToLiveHereAsync(group, request, context),
                (client, options) => client.TimeToLiveAsync(request, options).ResponseAsync).ConfigureAwait(false);
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    public override async Task<LeaseListResponse> List(LeaseListRequest request, ServerCallContext context)
    {
        if (request.Resume.Length is not (0 or 16)) throw Invalid("resume: not from an answer to List");
        var (group, after) = request.Resume.IsEmpty ? (0UL, 0UL) : (BitConverter.ToUInt64(request.Resume.Span), BitConverter.ToUInt64(request.Resume.Span[8..]));
        try
        {
            var groups = ranges.Map.Groups.Select(each => each.Id.Value).Order().ToList();
            var next = request.Group != 0 ? request.Group : groups.FirstOrDefault(id => id >= group, ulong.MaxValue);
            if (next == ulong.MaxValue) return new LeaseListResponse();
            if (next != group) after = 0;
            var leases = await AtLeaderAsync(new GroupId(next), context, async () =>
            {
                var page = new LeaseListResponse();
                page.Leases.AddRange((await node.ListLeasesAsync(new GroupId(next), new LeaseId(after), LeasesPerPageMax, context.CancellationToken).ConfigureAwait(false)).Select(lease => lease.Value));
                return page;
            }, (client, options) => client.ListAsync(new LeaseListRequest { Group = next, Resume = Position(next, after) }, options).ResponseAsync).ConfigureAwait(false);
            if (leases.Leases.Count == LeasesPerPageMax) leases.Next = Position(next, leases.Leases[^1]);
            else if (request.Group == 0 && next != groups[^1]) leases.Next = Position(next + 1, 0);
            return leases;
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    private static ByteString Position(ulong group, ulong after) => ByteString.CopyFrom([.. BitConverter.GetBytes(group), .. BitConverter.GetBytes(after)]);

    private async Task<LeaseTimeToLiveResponse> TimeToLiveHereAsync(GroupId group, LeaseTimeToLiveRequest request, ServerCallContext context)
    {
        var lease = await node.FindLeaseAsync(group, new LeaseId(request.Lease), request.Keys ? KeysPerGroupMax : 0, context.CancellationToken).ConfigureAwait(false);
        if (lease is null || (request.Group == 0 && lease.HasEnded)) return request.Group == 0 ? throw NotFound(request.Lease) : new LeaseTimeToLiveResponse { Lease = request.Lease };
        var answer = new LeaseTimeToLiveResponse { Lease = request.Lease, TtlMs = (ulong)lease.TimeToLive.TotalMilliseconds, RemainingMs = (ulong)lease.Remaining.TotalMilliseconds };
        answer.Keys.AddRange(lease.Keys.Select(key => new Proto.LeaseKey { Keyspace = NameOf(key.Keyspace), Key = ByteString.CopyFrom(key.Key.Span) }));
        if (request.Group != 0 || !request.Keys) return answer;
        foreach (var user in lease.Users)
        {
            var part = new LeaseTimeToLiveRequest { Lease = request.Lease, Keys = true, Group = user.Value };
            var there = await AtLeaderAsync(user, context, () => TimeToLiveHereAsync(user, part, context), (client, options) => client.TimeToLiveAsync(part, options).ResponseAsync, Forwarding.Again).ConfigureAwait(false);
            answer.Keys.AddRange(there.Keys);
        }

        return answer;
    }

    /// <summary>A request that was passed on is passed on again only to another group.</summary>
    private enum Forwarding { Once, Again }

    private async Task<T> AtLeaderAsync<T>(GroupId group, ServerCallContext context, Func<Task<T>> here, Func<Proto.Lease.LeaseClient, CallOptions, Task<T>> there, Forwarding forwarding = Forwarding.Once)
    {
        var deadline = CallTime.Deadline(context, time);
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (ranges.Map.Find(group) is null) throw NotFound(group);
                if (node.Leads(group) || (forwarding == Forwarding.Once && Forwarder.IsForwarded(context))) return await here().ConfigureAwait(false);
                if (node.LeaderOf(group) is var leader && leader != node.Id && forwarder.LeaseClientOf(leader) is { } client) return await there(client, Forwarder.Options(context)).ConfigureAwait(false);
            }
            catch (NodeException e) when (e.Error is { Code: NodeErrorCode.NotLeader or NodeErrorCode.Unavailable } && !Forwarder.IsForwarded(context) && time.Now < deadline)
            {
                // The leader moves; a read may be asked for again.
            }
            catch (RpcException e) when (e.StatusCode == StatusCode.Unavailable && time.Now < deadline)
            {
                // As above, seen by the node that was asked.
            }

            if (time.Now >= deadline) throw new NodeException(new NodeError(NodeErrorCode.Unavailable, $"group {group} has no leader that this node knows of"));
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(100, 5 << Math.Min(attempt, 5))), context.CancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<CommandResult> CallAsync(GroupId group, GroupCommand command, CallRetry retry, ServerCallContext context)
    {
        var done = new TaskCompletionSource<CommandResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Propose(group, command, CallTime.Deadline(context, time), retry, (_, result, error) =>
        {
            if (error is not null) done.TrySetException(new NodeException(error));
            else done.TrySetResult(result);
        });
        var applied = await done.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        return CommandResponses.ErrorOf(applied) is { } refused ? throw new NodeException(refused) : applied;
    }

    /// <summary>Data groups in turn.</summary>
    private GroupId AnyGroup()
    {
        var groups = ranges.Map.Groups.Where(group => group.Id != GroupId.Meta).ToList();
        return groups[(int)((uint)Interlocked.Increment(ref _nextGroup) % (uint)groups.Count)].Id;
    }

    private GroupId OwnerOf(ulong lease)
    {
        var owner = new LeaseId(lease).Owner;
        return lease != 0 && ranges.Map.Find(owner) is not null ? owner : throw NotFound(lease);
    }

    private string NameOf(KeyspaceId id) => ranges.Map.Keyspaces.FirstOrDefault(keyspace => keyspace.Id == id)?.Name ?? "";

    private static NodeException NotFound(ulong lease) => new(new NodeError(NodeErrorCode.LeaseNotFound, $"lease: {lease:x} is unknown or has ended"));

    private static NodeException NotFound(GroupId group) => new(new NodeError(NodeErrorCode.NotFound, $"group: there is no group {group}"));

    private static RpcException Invalid(string message) => Errors.ToRpc(new NodeError(NodeErrorCode.InvalidArgument, message));
}
