using Google.Protobuf;
using Grpc.Core;
using KvStore.Client.Leases;
using KvStore.Client.Locks;
using KvStore.Protocol.V1.Locking;
using Lock = KvStore.Protocol.V1.Locking.Lock;

namespace KvStore.Client.Internal.Locks;

/// <summary>Calls about locks and elections. Each may be made more than once: a claim is found again by its lease, a release by its token, a proclamation by its number.</summary>
internal sealed class LockCalls(KvClient client)
{
    /// <summary>The longest that one call waits at a node; a longer wait is made of several, which find their place again.</summary>
    private static readonly TimeSpan HoldMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);
    private const string Keyspace = "system";
    private const int NameBytesMax = 1024, ValueBytesMax = 4096;

    private readonly RepeatedCalls _calls = new(client);
    private readonly TimeProvider _time = client.Options.TimeProvider;

    /// <summary>A lease of the lock's own group.</summary>
    public static KvLeaseOptions Near(string name) => new() { NearKey = KeyOf(name), Keyspace = Keyspace };

    /// <exception cref="KvInvalidArgumentException">A limit is broken.</exception>
    public static void Check(string name, KvBytes value)
    {
        ArgumentNullException.ThrowIfNull(name);
        var bytes = System.Text.Encoding.UTF8.GetByteCount(name);
        if (bytes is 0 or > NameBytesMax) throw new KvInvalidArgumentException($"The lock's name has {bytes} bytes; it must have 1 to {NameBytesMax}.");
        if (value.Length > ValueBytesMax) throw new KvInvalidArgumentException($"The value has {value.Length} bytes; the limit is {ValueBytesMax}.");
    }

    /// <summary>The token with which the lease's claim holds the lock; 0 when the wait was over before. The claim keeps its place until the lease ends.</summary>
    /// <param name="name">The lock.</param>
    /// <param name="lease">Whose claim it is.</param>
    /// <param name="value">Shown by the claim.</param>
    /// <param name="wait">Null: until it is cancelled; zero: only if it is free, without a place in the queue.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<ulong> AcquireAsync(string name, KvLeaseId lease, KvBytes value, TimeSpan? wait, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var left = wait is { } whole ? whole - _time.GetElapsedTime(started) : HoldMax;
            if (left < TimeSpan.Zero) left = TimeSpan.Zero;
            var hold = left < HoldMax ? left : HoldMax;
            var request = new AcquireLockRequest
            {
                Name = name, Lease = lease.Value, Value = UnsafeByteOperations.UnsafeWrap(value.Memory), WaitMs = (uint)Math.Ceiling(hold.TotalMilliseconds), WaitEnd = WaitEnd.KeepPlace,
            };
            var answer = await _calls.CallAsync($"acquire lock '{name}'", GroupOf(name), hold + client.Options.Timeout,
                (invoker, options) => new Lock.LockClient(invoker).AcquireAsync(request, options).ResponseAsync, cancellationToken, attemptMax: hold + AnswerTime).ConfigureAwait(false);
            if (answer.Acquired) return answer.Token;
            if (left == TimeSpan.Zero) return 0;
        }
    }

    public Task ReleaseAsync(string name, ulong token, CancellationToken cancellationToken) =>
        CallAsync($"release lock '{name}'", name, (locks, options) => locks.ReleaseAsync(new ReleaseLockRequest { Name = name, Token = token }, options).ResponseAsync, cancellationToken);

    public async Task<KvLockDescription> DescribeAsync(string name, int waitingMax, CancellationToken cancellationToken)
    {
        var request = new DescribeLockRequest { Name = name, WaitingLimit = (uint)waitingMax };
        var answer = await CallAsync($"describe lock '{name}'", name, (locks, options) => locks.DescribeAsync(request, options).ResponseAsync, cancellationToken).ConfigureAwait(false);
        return new KvLockDescription(name, answer.Holder is { } holder ? ToClaim(holder) : null, answer.Token, [.. answer.Waiting.Select(ToClaim)], (long)answer.WaitingCount,
            answer.Group, [.. answer.RegisteredGroups], [.. answer.PendingGroups]);
    }

    public Task ProclaimAsync(string name, ulong token, ulong number, KvBytes value, CancellationToken cancellationToken)
    {
        var request = new ProclaimRequest { Name = name, Token = token, Number = number, Value = UnsafeByteOperations.UnsafeWrap(value.Memory) };
        return ElectionAsync($"proclaim in election '{name}'", name, (elections, options) => elections.ProclaimAsync(request, options).ResponseAsync, cancellationToken);
    }

    public Task<LeaderResponse> LeaderAsync(string name, CancellationToken cancellationToken) =>
        ElectionAsync($"leader of election '{name}'", name, (elections, options) => elections.LeaderAsync(new LeaderRequest { Name = name }, options).ResponseAsync, cancellationToken);

    /// <summary>One attempt to observe, at the node that an attempt of that number asks.</summary>
    public AsyncServerStreamingCall<LeaderResponse> Observe(string name, int attempt, CancellationToken cancellationToken) =>
        new Election.ElectionClient(_calls.InvokerTo(_calls.AddressFor(GroupOf(name), attempt))).Observe(new LeaderRequest { Name = name }, new CallOptions().WithCancellationToken(cancellationToken));

    private Task<T> CallAsync<T>(string what, string name, Func<Lock.LockClient, CallOptions, Task<T>> send, CancellationToken cancellationToken) =>
        _calls.CallAsync(what, GroupOf(name), client.Options.Timeout, (invoker, options) => send(new Lock.LockClient(invoker), options), cancellationToken);

    private Task<T> ElectionAsync<T>(string what, string name, Func<Election.ElectionClient, CallOptions, Task<T>> send, CancellationToken cancellationToken) =>
        _calls.CallAsync(what, GroupOf(name), client.Options.Timeout, (invoker, options) => send(new Election.ElectionClient(invoker), options), cancellationToken);

    private static KvBytes KeyOf(string name) => "lock/" + name;

    private ulong GroupOf(string name) => client.Dispatcher.Topology.Current.Find(Keyspace, KeyOf(name).Memory.Span)?.Group.GroupId ?? 0;

    private static KvLockClaim ToClaim(Claimant claimant) => new(new KvLeaseId(claimant.Lease), new KvBytes(claimant.Value.Memory));
}
