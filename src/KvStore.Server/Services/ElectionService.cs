using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using KvStore.Node;
using KvStore.Protocol.V1.Locking;

namespace KvStore.Server.Services;

/// <summary>kvstore.v1.Election: the lock of the same name, seen as who leads.</summary>
/// <param name="leaderlessMax">A node that has known no leader of the election's group for so long ends its observations.</param>
internal sealed class ElectionService(LockRequests requests, Forwarder forwarder, TimeSpan leaderlessMax) : Election.ElectionBase
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    public override Task<AcquireLockResponse> Campaign(AcquireLockRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => requests.AcquireAsync(request, context),
            node => forwarder.ElectionClientOf(node)?.CampaignAsync(request, Forwarder.Options(context)).ResponseAsync);

    public override async Task<ProclaimResponse> Proclaim(ProclaimRequest request, ServerCallContext context)
    {
        await requests.AnswerAsync<bool>(context, (deadline, completed) =>
            requests.Locks.Proclaim(request.Name, request.Token, request.Number, request.Value.Memory, deadline, error => completed(true, error))).ConfigureAwait(false);
        return new ProclaimResponse();
    }

    public override async Task<ReleaseLockResponse> Resign(ReleaseLockRequest request, ServerCallContext context) => new()
    {
        Released = await requests.AnswerAsync<bool>(context, (deadline, completed) => requests.Locks.Release(request.Name, request.Token, deadline, completed)).ConfigureAwait(false),
    };

    public override Task<LeaderResponse> Leader(LeaderRequest request, ServerCallContext context) =>
        requests.ServeAsync(context, request.Name, () => ReadAsync(request.Name, context.CancellationToken),
            node => forwarder.ElectionClientOf(node)?.LeaderAsync(request, Forwarder.Options(context)).ResponseAsync);

    /// <summary>Here when this node has a replica of the election's home, else relayed once from a node that has.</summary>
    public override Task Observe(LeaderRequest request, IServerStreamWriter<LeaderResponse> responseStream, ServerCallContext context) =>
        requests.Locks.IsHere(request.Name) || Forwarder.IsForwarded(context) || forwarder.ElectionClientOf(requests.Locks.NodeFor(request.Name)) is not { } client
            ? ObserveHereAsync(request.Name, responseStream, context.CancellationToken)
            : RelayAsync(client, request, responseStream, context);

    private static async Task RelayAsync(Election.ElectionClient client, LeaderRequest request, IServerStreamWriter<LeaderResponse> responseStream, ServerCallContext context)
    {
        using var call = client.Observe(request, Forwarder.Options(context));
        while (await call.ResponseStream.MoveNext(context.CancellationToken).ConfigureAwait(false)) await responseStream.WriteAsync(call.ResponseStream.Current).ConfigureAwait(false);
    }

    /// <summary>
    /// A change is told by what is read after it, so that the newest leader is always seen, and none twice. A replica that knows no leader of its group hears of no change: its observers go elsewhere.
    /// </summary>
    private async Task ObserveHereAsync(string name, IServerStreamWriter<LeaderResponse> responseStream, CancellationToken cancellationToken)
    {
        var (changes, seen, heardAt) = (1, 0, requests.Now);
        var wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        try
        {
            using var watch = requests.Locks.Watch(name, () =>
            {
                Interlocked.Increment(ref changes);
                wake.Writer.TryWrite(true);
            });
            await using var looks = new Timer(_ => wake.Writer.TryWrite(true), null, TimeSpan.Zero, LookInterval).ConfigureAwait(false);
            LeaderResponse? last = null;
            while (true)
            {
                await wake.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                if (requests.Locks.HearsOf(name)) heardAt = requests.Now;
                else if (requests.Now - heardAt >= leaderlessMax) throw Deaf();
                if (Volatile.Read(ref changes) is var now && now == seen) continue;
                seen = now;
                var leader = await ReadInTimeAsync(name, cancellationToken).ConfigureAwait(false);
                if (leader.Equals(last)) continue;
                await responseStream.WriteAsync(leader, cancellationToken).ConfigureAwait(false);
                last = leader;
            }
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    private async Task<LeaderResponse> ReadInTimeAsync(string name, CancellationToken cancellationToken)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        time.CancelAfter(leaderlessMax);
        try
        {
            return await ReadAsync(name, time.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Deaf();
        }
    }

    private NodeException Deaf() =>
        new(new NodeError(NodeErrorCode.Unavailable, $"this node has heard of no leader of the election's group for {leaderlessMax.TotalSeconds:0.#} s, so no change may reach it"));

    private async Task<LeaderResponse> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var description = await requests.Locks.DescribeAsync(name, 0, cancellationToken).ConfigureAwait(false);
        return description.Holder is not { } holder
            ? new LeaderResponse()
            : new LeaderResponse { Token = description.Token, Value = ByteString.CopyFrom(holder.Value.Span), Lease = holder.Lease.Value, Proclaimed = description.Proclaimed };
    }
}
