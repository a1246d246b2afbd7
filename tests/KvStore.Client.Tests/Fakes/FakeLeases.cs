using System.Threading.Channels;
using Grpc.Core;
using KvStore.Protocol.V1;
using KvStore.Protocol.V1.Locking;
using Lock = KvStore.Protocol.V1.Locking.Lock;

namespace KvStore.Client.Tests.Fakes;

/// <summary>What becomes of a keep-alive.</summary>
internal enum Renewal
{
    Granted,
    /// <summary>No answer ever.</summary>
    Silence,
    /// <summary>The lease was revoked or has ended.</summary>
    Ended,
}

/// <summary>Leases of which the test decides what happens to them. It answers on every node.</summary>
internal sealed class FakeLeases : Lease.LeaseBase
{
    private readonly Channel<Asked> _asked = Channel.CreateUnbounded<Asked>();
    private ulong _last;

    /// <summary>A keep-alive that has come; the node answers when the test says how.</summary>
    internal sealed record Asked(IReadOnlyList<ulong> Leases)
    {
        private readonly TaskCompletionSource<Renewal> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Renewal> Outcome => _answer.Task;

        public void Answer(Renewal renewal) => _answer.SetResult(renewal);
    }

    public Task<Asked> NextAsync() => _asked.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    public override Task<LeaseGrantResponse> Grant(LeaseGrantRequest request, ServerCallContext context) =>
        Task.FromResult(new LeaseGrantResponse { Lease = (1UL << 43) + Interlocked.Increment(ref _last), TtlMs = request.TtlMs });

    public override Task<LeaseRevokeResponse> Revoke(LeaseRevokeRequest request, ServerCallContext context) => Task.FromResult(new LeaseRevokeResponse());

    public override async Task KeepAlive(IAsyncStreamReader<LeaseKeepAliveRequest> requestStream, IServerStreamWriter<LeaseKeepAliveResponse> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = requestStream.Current;
            var asked = new Asked([.. request.Leases]);
            _asked.Writer.TryWrite(asked);
            var outcome = await asked.Outcome.WaitAsync(context.CancellationToken);
            if (outcome == Renewal.Granted) await responseStream.WriteAsync(new LeaseKeepAliveResponse { Id = request.Id, Renewed = { request.Leases } });
            if (outcome == Renewal.Ended) await responseStream.WriteAsync(new LeaseKeepAliveResponse { Id = request.Id, Ended = { request.Leases } });
        }
    }
}

/// <summary>Locks that are always free.</summary>
internal sealed class FakeLocks : Lock.LockBase
{
    public override Task<AcquireLockResponse> Acquire(AcquireLockRequest request, ServerCallContext context) => Task.FromResult(new AcquireLockResponse { Acquired = true, Token = 7 });
}
