using Grpc.Core;
using KvStore.Node;
using KvStore.Node.Calls;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1;
using KvStore.Raft;

namespace KvStore.Server.Services;

/// <summary>One stream of keep-alives: each request is cut by the groups that own its leases, and answered when all of them have.</summary>
internal sealed class LeaseKeepAliveStream(KvNode node, IServerStreamWriter<LeaseKeepAliveResponse> responses, ITimeSource time)
{
    /// <summary>Requests of a stream that are being answered, beyond which no more are read.</summary>
    private const int OpenMax = 64;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _open = new(OpenMax);
    private readonly SemaphoreSlim _writing = new(1);

    public async Task RunAsync(IAsyncStreamReader<LeaseKeepAliveRequest> requests, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            await _open.WaitAsync(cancellationToken).ConfigureAwait(false);
            _ = AnswerAsync(requests.Current, cancellationToken);
        }

        for (var i = 0; i < OpenMax; i++) await _open.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task AnswerAsync(LeaseKeepAliveRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var response = request.Leases.Count <= LeaseLimits.LeasesPerCommandMax
                ? await RenewAsync(request).ConfigureAwait(false)
                : new LeaseKeepAliveResponse { Error = Errors.ToProto(new NodeError(NodeErrorCode.InvalidArgument, $"leases: {request.Leases.Count}; the limit is {LeaseLimits.LeasesPerCommandMax}")) };
            response.Id = request.Id;
            await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await responses.WriteAsync(response, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException or InvalidOperationException or IOException)
        {
            // The stream has ended; whoever waits for the answer sees that by itself.
        }
        finally
        {
            _open.Release();
        }
    }

    private async Task<LeaseKeepAliveResponse> RenewAsync(LeaseKeepAliveRequest request)
    {
        var response = new LeaseKeepAliveResponse();
        var parts = request.Leases.GroupBy(lease => new LeaseId(lease).Owner).Select(part => (Leases: part.ToList(), Answer: CallAsync(part.Key, part))).ToList();
        foreach (var (leases, answer) in parts)
        {
            try
            {
                var result = await answer.ConfigureAwait(false);
                var ended = result.Response is null ? [] : KeepLeasesAlive.Parser.ParseFrom(result.Response).Leases.ToHashSet();
                response.Renewed.AddRange(leases.Where(lease => !ended.Contains(lease)));
                response.Ended.AddRange(leases.Where(ended.Contains));
            }
            catch (NodeException e) when (e.Error.Code == NodeErrorCode.LeaseNotFound)
            {
                response.Ended.AddRange(leases);
            }
            catch (NodeException e)
            {
                response.Error = Errors.ToProto(e.Error);
            }
        }

        return response;
    }

    private Task<CommandResult> CallAsync(GroupId owner, IEnumerable<ulong> leases)
    {
        if (node.Map is { } map && map.Find(owner) is null) return Task.FromException<CommandResult>(new NodeException(new NodeError(NodeErrorCode.LeaseNotFound, "unknown")));
        var done = new TaskCompletionSource<CommandResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Propose(owner, new GroupCommand { KeepLeasesAlive = new KeepLeasesAlive { Leases = { leases } } }, time.Now + Timeout, CallRetry.UntilAnswered, (_, result, error) =>
        {
            if (error is not null) done.TrySetException(new NodeException(error));
            else done.TrySetResult(result);
        });
        return done.Task;
    }
}
