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

    private readonly RepeatedCalls _calls = new(client);

    public static ulong GroupOf(KvLeaseId lease) => lease.Value >> NumberBits;

    /// <inheritdoc cref="RepeatedCalls.CallAsync"/>
    public Task<T> CallAsync<T>(string what, ulong group, TimeSpan? timeout, Func<Lease.LeaseClient, CallOptions, Task<T>> send, CancellationToken cancellationToken, Action? unknown = null) =>
        _calls.CallAsync(what, group, client.TimeoutOf(timeout), (invoker, options) => send(new Lease.LeaseClient(invoker), options), cancellationToken, unknown);

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

    public string AddressFor(ulong group, int attempt) => _calls.AddressFor(group, attempt);

    public Lease.LeaseClient ClientTo(string address) => new(_calls.InvokerTo(address));
}
