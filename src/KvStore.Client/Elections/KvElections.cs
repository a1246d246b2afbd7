using System.Runtime.CompilerServices;
using Grpc.Core;
using KvStore.Client.Internal;
using KvStore.Client.Internal.Locks;
using KvStore.Client.Locks;
using KvStore.Protocol.V1.Locking;

namespace KvStore.Client.Elections;

/// <summary>Elections. An election is the lock of the same name: its leader holds it, and others can follow who leads and what the leader says. Thread-safe.</summary>
public sealed class KvElections
{
    private readonly KvClient _client;
    private readonly LockCalls _calls;

    internal KvElections(KvClient client)
    {
        _client = client;
        _calls = new LockCalls(client);
    }

    /// <summary>Waits until this caller leads.</summary>
    /// <param name="name">The election's name, 1 to 1,024 bytes of UTF-8.</param>
    /// <param name="value">What observers see of the leader, such as its address; at most 4,096 bytes.</param>
    /// <param name="options">Null: the defaults. Their value is not used.</param>
    /// <param name="cancellationToken">Ends the wait; the place in the queue is given up.</param>
    /// <exception cref="KvTimeoutException"><see cref="KvLockOptions.Wait"/> was over before.</exception>
    /// <exception cref="KvUnavailableException">No node could answer for longer than <see cref="KvClientOptions.Timeout"/>.</exception>
    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public async Task<KvLeadership> CampaignAsync(string name, KvBytes value, KvLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        options = (options ?? new()) with { Value = value };
        var held = await _client.Locks.ClaimAsync(name, options, options.Wait, cancellationToken).ConfigureAwait(false);
        return held is not null ? new KvLeadership(_calls, held) : throw new KvTimeoutException($"campaign in election '{name}': somebody else has led it for {FailureTranslation.Seconds(options.Wait ?? default)}");
    }

    /// <summary>Who leads now, linearizably.</summary>
    /// <returns>Null: nobody.</returns>
    /// <exception cref="KvUnavailableException">No node could answer in time.</exception>
    public async Task<KvLeader?> LeaderAsync(string name, CancellationToken cancellationToken = default)
    {
        LockCalls.Check(name, default);
        return KvLeader.From(await _calls.LeaderAsync(name, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// The leader now and after each change, for ever: null while there is none. The newest is always seen; one that was replaced quickly, or while no node could be reached, may be left out.
    /// </summary>
    /// <param name="name">The election's name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async IAsyncEnumerable<KvLeader?> ObserveAsync(string name, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        LockCalls.Check(name, default);
        LeaderResponse? last = null;
        for (var attempt = 0; ; attempt++)
        {
            using var stream = _calls.Observe(name, attempt, cancellationToken);
            while (await NextAsync(stream, cancellationToken).ConfigureAwait(false) is { } leader)
            {
                attempt = 0;
                if (leader.Equals(last)) continue;
                last = leader;
                yield return KvLeader.From(leader);
            }
            _ = _client.Dispatcher.Topology.RefreshAsync();
            await Task.Delay(_client.Dispatcher.Pause(attempt), _client.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Null: the stream has ended, and another one may go on.</summary>
    private async Task<LeaderResponse?> NextAsync(AsyncServerStreamingCall<LeaderResponse> stream, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false) ? stream.ResponseStream.Current : null;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(_client.IsDisposed, _client);
            var failure = FailureReader.Read(e, "observe");
            if (failure.Denied || failure.Code is Protocol.V1.ErrorCode.InvalidArgument) throw FailureTranslation.ToException(failure, failure.Message, KvOutcome.NotApplied);
            return null;
        }
    }
}
