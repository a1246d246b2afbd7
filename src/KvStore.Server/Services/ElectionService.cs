using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1.Locking;

namespace KvStore.Server.Services;

/// <summary>kvstore.v1.Election: the lock of the same name, seen as who leads.</summary>
internal sealed class ElectionService(LockRequests requests, Forwarder forwarder) : Election.ElectionBase
{
    public override Task<AcquireLockResponse> Campaign(AcquireLockRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => requests.AcquireAsync(request, context),
            node => forwarder.ElectionClientOf(node)?.CampaignAsync(request, Forwarder.Options(context)).ResponseAsync);

    public override async Task<ProclaimResponse> Proclaim(ProclaimRequest request, ServerCallContext context)
    {
        await requests.AnswerAsync<bool>(context, (deadline, completed) =>
            requests.Locks.Proclaim(request.Name, request.Token, request.Value.Memory, deadline, error => completed(true, error))).ConfigureAwait(false);
        return new ProclaimResponse();
    }

    public override async Task<ReleaseLockResponse> Resign(ReleaseLockRequest request, ServerCallContext context) => new()
    {
        Released = await requests.AnswerAsync<bool>(context, (deadline, completed) => requests.Locks.Release(request.Name, request.Token, deadline, completed)).ConfigureAwait(false),
    };

    public override Task<LeaderResponse> Leader(LeaderRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => ReadAsync(request.Name, context.CancellationToken),
            node => forwarder.ElectionClientOf(node)?.LeaderAsync(request, Forwarder.Options(context)).ResponseAsync);

    /// <summary>A change is told by what is read after it, so that the newest leader is always seen, and none twice.</summary>
    public override async Task Observe(LeaderRequest request, IServerStreamWriter<LeaderResponse> responseStream, ServerCallContext context)
    {
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        changed.Writer.TryWrite(true);
        try
        {
            using var watch = requests.Locks.Watch(request.Name, () => changed.Writer.TryWrite(true));
            LeaderResponse? last = null;
            while (true)
            {
                await changed.Reader.ReadAsync(context.CancellationToken).ConfigureAwait(false);
                var leader = await ReadAsync(request.Name, context.CancellationToken).ConfigureAwait(false);
                if (leader.Equals(last)) continue;
                await responseStream.WriteAsync(leader).ConfigureAwait(false);
                last = leader;
            }
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    private async Task<LeaderResponse> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var description = await requests.Locks.DescribeAsync(name, 0, cancellationToken).ConfigureAwait(false);
        return description.Holder is not { } holder
            ? new LeaderResponse()
            : new LeaderResponse { Token = description.Token, Value = ByteString.CopyFrom(holder.Value.Span), Lease = holder.Lease.Value, Proclaimed = description.Proclaimed };
    }
}
