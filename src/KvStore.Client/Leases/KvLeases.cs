using System.Runtime.CompilerServices;
using Google.Protobuf;
using KvStore.Client.Internal.Leases;
using KvStore.Protocol.V1;

namespace KvStore.Client.Leases;

/// <summary>Leases: objects with a time to live that keys are attached to (<see cref="KvWriteOptions.Lease"/>) and that take them along when they end. Thread-safe.</summary>
public sealed class KvLeases
{
    /// <summary>The shortest time to live: 1 s.</summary>
    public static readonly TimeSpan TimeToLiveMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest time to live: 9,000,000,000 s.</summary>
    public static readonly TimeSpan TimeToLiveMax = TimeSpan.FromSeconds(9_000_000_000);

    private readonly KvClient _client;
    private readonly LeaseCalls _calls;
    private readonly LeaseKeepers _keepers;

    internal KvLeases(KvClient client)
    {
        _client = client;
        _calls = new LeaseCalls(client);
        _keepers = new LeaseKeepers(client, _calls);
    }

    internal bool IsClosed => _client.IsDisposed;

    /// <summary>Grants a lease that renews itself until it is disposed; disposing revokes it.</summary>
    /// <param name="timeToLive">From <see cref="TimeToLiveMin"/> to <see cref="TimeToLiveMax"/>: how long the lease lasts when this client no longer renews it.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="cancellationToken">Ends the attempt; a lease may have been granted, which ends by itself.</param>
    /// <exception cref="KvInvalidArgumentException">The time to live is outside the limits.</exception>
    /// <exception cref="KvUnavailableException">No node could grant it in time.</exception>
    /// <exception cref="KvResourceExhaustedException">The group's leases take all the memory that they may.</exception>
    public async Task<KvLease> GrantAsync(TimeSpan timeToLive, KvLeaseOptions? options = null, CancellationToken cancellationToken = default)
    {
        var (id, sent) = await SendGrantAsync(timeToLive, options ?? new(), cancellationToken).ConfigureAwait(false);
        return new KvLease(this, _keepers.Of(id), _client.Options.TimeProvider, id, timeToLive, sent);
    }

    /// <summary>Grants a lease that nobody renews but who calls <see cref="KeepAliveAsync"/>.</summary>
    /// <inheritdoc cref="GrantAsync"/>
    public async Task<KvLeaseId> GrantUnattendedAsync(TimeSpan timeToLive, KvLeaseOptions? options = null, CancellationToken cancellationToken = default) =>
        (await SendGrantAsync(timeToLive, options ?? new(), cancellationToken).ConfigureAwait(false)).Id;

    /// <summary>Renews a lease once: it lasts its whole time to live from here on.</summary>
    /// <exception cref="KvLeaseNotFoundException">It is unknown or has ended.</exception>
    /// <exception cref="KvUnavailableException">No node could renew it in time.</exception>
    public Task KeepAliveAsync(KvLeaseId lease, CancellationToken cancellationToken = default) => _calls.KeepAliveAsync(Checked(lease), cancellationToken);

    /// <summary>Ends a lease at once. Its keys are deleted; those in other groups than the lease's own a moment later.</summary>
    /// <exception cref="KvLeaseNotFoundException">It is unknown or has ended.</exception>
    /// <exception cref="KvUnavailableException">No node could revoke it in time.</exception>
    public async Task RevokeAsync(KvLeaseId lease, CancellationToken cancellationToken = default)
    {
        if (await _calls.RevokeAsync(Checked(lease), cancellationToken).ConfigureAwait(false) == RevokeOutcome.NotThere) throw new KvLeaseNotFoundException($"revoke lease {lease}: it is unknown or has ended");
    }

    /// <summary>Asks the owner about a lease.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="content">Whether its keys are listed, too.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="KvLeaseNotFoundException">It is unknown or has ended.</exception>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public async Task<KvLeaseStatus> TimeToLiveAsync(KvLeaseId lease, KvLeaseContent content = KvLeaseContent.Times, CancellationToken cancellationToken = default)
    {
        var request = new LeaseTimeToLiveRequest { Lease = Checked(lease).Value, Keys = content == KvLeaseContent.TimesAndKeys };
        var answer = await _calls.CallAsync($"lease {lease}", LeaseCalls.GroupOf(lease), null, (leases, options) => leases.TimeToLiveAsync(request, options).ResponseAsync, cancellationToken).ConfigureAwait(false);
        return new KvLeaseStatus(lease, TimeSpan.FromMilliseconds(answer.TtlMs), TimeSpan.FromMilliseconds(answer.RemainingMs), [.. answer.Keys.Select(key => new KvLeaseKey(key.Keyspace, new KvBytes(key.Key.Memory)))]);
    }

    /// <summary>The live leases of all groups, group by group. Each group's part is linearizable, the whole is not one moment.</summary>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public async IAsyncEnumerable<KvLeaseId> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var resume = ByteString.Empty;
        do
        {
            var request = new LeaseListRequest { Resume = resume };
            var page = await _calls.CallAsync("list leases", 0, null, (leases, options) => leases.ListAsync(request, options).ResponseAsync, cancellationToken).ConfigureAwait(false);
            foreach (var lease in page.Leases) yield return new KvLeaseId(lease);
            resume = page.Next;
        }
        while (!resume.IsEmpty);
    }

    internal Task RevokeIfThereAsync(KvLeaseId lease) => _calls.RevokeAsync(lease, CancellationToken.None);

    /// <returns>The id, and when the successful request was sent.</returns>
    private async Task<(KvLeaseId Id, long Sent)> SendGrantAsync(TimeSpan timeToLive, KvLeaseOptions options, CancellationToken cancellationToken)
    {
        if (timeToLive < TimeToLiveMin || timeToLive > TimeToLiveMax) throw new KvInvalidArgumentException($"grant lease: the time to live is {timeToLive}; it must be from 1 s to 9,000,000,000 s.");
        var request = new LeaseGrantRequest { TtlMs = (ulong)timeToLive.TotalMilliseconds, NearKey = UnsafeByteOperations.UnsafeWrap(options.NearKey.Memory), Keyspace = options.Keyspace ?? _client.Options.DefaultKeyspace };
        var sent = 0L;
        var answer = await _calls.CallAsync("grant lease", 0, options.Timeout, (leases, call) =>
        {
            sent = _client.Options.TimeProvider.GetTimestamp();
            return leases.GrantAsync(request, call).ResponseAsync;
        }, cancellationToken).ConfigureAwait(false);
        return (new KvLeaseId(answer.Lease), sent);
    }

    private static KvLeaseId Checked(KvLeaseId lease) => lease.IsNone ? throw new KvInvalidArgumentException("The lease's id names none.") : lease;
}
