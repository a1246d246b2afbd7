using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Leases;

/// <summary>What became of a revocation.</summary>
internal enum RevokeOutcome
{
    Revoked,
    NotThere,
}

/// <summary>Calls about leases. Any node answers; the leader of the lease's group is asked first, and what may be repeated is repeated until the deadline.</summary>
internal sealed class LeaseCalls(KvClient client)
{
    /// <summary>As in the node's LeaseId: the owner's number stands above these bits.</summary>
    private const int NumberBits = 43;
    private static readonly TimeSpan AttemptMax = TimeSpan.FromSeconds(3);

    private readonly Dispatcher _dispatcher = client.Dispatcher;
    private readonly TimeProvider _time = client.Options.TimeProvider;

    public static ulong GroupOf(KvLeaseId lease) => lease.Value >> NumberBits;

    /// <param name="what">Begins every message.</param>
    /// <param name="group">Whose leader to ask first; 0: any node.</param>
    /// <param name="timeout">All attempts together; null: the client's.</param>
    /// <param name="send">Makes one attempt.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="unknown">Called when an attempt has ended that may have taken effect.</param>
    public async Task<T> CallAsync<T>(string what, ulong group, TimeSpan? timeout, Func<Lease.LeaseClient, CallOptions, Task<T>> send, CancellationToken cancellationToken, Action? unknown = null)
    {
        var (started, limit) = (_time.GetTimestamp(), client.TimeoutOf(timeout));
        var outcome = KvOutcome.NotApplied;
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(client.IsDisposed, client);
            var address = AddressFor(group, attempt);
            var left = limit - _time.GetElapsedTime(started);
            Failure failure;
            try
            {
                var options = new CallOptions().WithDeadline(DateTime.UtcNow + (left < AttemptMax ? left : AttemptMax)).WithCancellationToken(cancellationToken);
                return await send(ClientTo(address), options).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or IOException or ObjectDisposedException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                failure = FailureReader.Read(e, address);
            }
            if (failure.OutcomeUnknown)
            {
                outcome = KvOutcome.Unknown;
                unknown?.Invoke();
            }
            var pause = failure.RetryAfter > _dispatcher.Pause(attempt) ? failure.RetryAfter : _dispatcher.Pause(attempt);
            if (!MayTryAgain(failure) || _time.GetElapsedTime(started) + pause >= limit) throw FailureTranslation.ToException(failure, $"{what}: {failure.Message}", outcome);
            _ = _dispatcher.Topology.RefreshAsync();
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<RevokeOutcome> RevokeAsync(KvLeaseId lease, CancellationToken cancellationToken)
    {
        var mayBeRevoked = false;
        try
        {
            await CallAsync($"revoke lease {lease}", GroupOf(lease), null, (leases, options) => leases.RevokeAsync(new LeaseRevokeRequest { Lease = lease.Value }, options).ResponseAsync,
                cancellationToken, () => mayBeRevoked = true).ConfigureAwait(false);
            return RevokeOutcome.Revoked;
        }
        catch (KvLeaseNotFoundException)
        {
            return mayBeRevoked ? RevokeOutcome.Revoked : RevokeOutcome.NotThere;
        }
    }

    public Task KeepAliveAsync(KvLeaseId lease, CancellationToken cancellationToken) => CallAsync($"keep lease {lease} alive", GroupOf(lease), null, async (leases, options) =>
    {
        using var stream = new LeaseStream(leases.KeepAlive(options));
        var answer = await stream.RenewAsync([lease.Value], options.CancellationToken).ConfigureAwait(false);
        if (answer.Ended.Count > 0) throw new KvLeaseNotFoundException($"keep lease {lease} alive: it is unknown or has ended");
        if (answer.Renewed.Count == 0) throw new RpcException(new Status(StatusCode.Unavailable, answer.Error?.Message ?? "not renewed"));
        return answer;
    }, cancellationToken);

    /// <summary>The node to ask in an attempt: the leader, then all nodes in turn.</summary>
    public string AddressFor(ulong group, int attempt)
    {
        var topology = _dispatcher.Topology;
        var leader = group == 0 || attempt % 2 == 1 ? 0 : topology.Current.Ranges.FirstOrDefault(range => range.Group.GroupId == group)?.Group.Leader ?? 0;
        return leader != 0 && topology.AddressOf(leader) is { } address ? address : topology.Candidates()[0];
    }

    public Lease.LeaseClient ClientTo(string address) => new(_dispatcher.Connections.To(address).Invoker);

    private static bool MayTryAgain(Failure failure) =>
        !failure.Denied && failure.Code is ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.ResourceExhausted or ErrorCode.DeadlineExceeded;
}
