using Grpc.Core;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal;

/// <summary>Unary calls that any node answers and that may be made more than once: the leader of the group that has to decide is asked first, and the call repeated until its time is over.</summary>
internal sealed class RepeatedCalls(KvClient client)
{
    private static readonly TimeSpan AttemptMax = TimeSpan.FromSeconds(3);

    private readonly Dispatcher _dispatcher = client.Dispatcher;
    private readonly TimeProvider _time = client.Options.TimeProvider;

    /// <param name="what">Begins every message.</param>
    /// <param name="group">Whose leader to ask first; 0: any node.</param>
    /// <param name="limit">All attempts together.</param>
    /// <param name="send">Makes one attempt.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="unknown">Called when an attempt has ended that may have taken effect.</param>
    /// <param name="attemptMax">One attempt; null: 3 s.</param>
    public async Task<T> CallAsync<T>(string what, ulong group, TimeSpan limit, Func<CallInvoker, CallOptions, Task<T>> send, CancellationToken cancellationToken, Action? unknown = null, TimeSpan? attemptMax = null)
    {
        var started = _time.GetTimestamp();
        var outcome = KvOutcome.NotApplied;
        for (var attempt = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ObjectDisposedException.ThrowIf(client.IsDisposed, client);
            var address = AddressFor(group, attempt);
            var (left, most) = (limit - _time.GetElapsedTime(started), attemptMax ?? AttemptMax);
            Failure failure;
            try
            {
                var options = new CallOptions().WithDeadline(DateTime.UtcNow + (left < most ? left : most)).WithCancellationToken(cancellationToken);
                return await send(InvokerTo(address), options).ConfigureAwait(false);
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

    /// <summary>The node to ask in an attempt: the leader, then all nodes in turn.</summary>
    public string AddressFor(ulong group, int attempt)
    {
        var topology = _dispatcher.Topology;
        var leader = group == 0 || attempt % 2 == 1 ? 0 : topology.Current.Ranges.FirstOrDefault(range => range.Group.GroupId == group)?.Group.Leader ?? 0;
        return leader != 0 && topology.AddressOf(leader) is { } address ? address : topology.Candidates()[0];
    }

    public CallInvoker InvokerTo(string address) => _dispatcher.Connections.To(address).Invoker;

    private static bool MayTryAgain(Failure failure) =>
        !failure.Denied && failure.Code is ErrorCode.Unavailable or ErrorCode.NotLeader or ErrorCode.ResourceExhausted or ErrorCode.DeadlineExceeded;
}
