using Grpc.Core;
using KvStore.Node;
using KvStore.Node.Leases;
using KvStore.Node.Locks;
using KvStore.Node.StateMachine;
using KvStore.Node.Time;
using KvStore.Protocol.V1.Locking;
using KvStore.Raft;

namespace KvStore.Server.Services;

/// <summary>What the services of locks and elections do alike: deadlines, errors, and claims that are waited for.</summary>
internal sealed class LockRequests(KvNode node, ITimeSource time)
{
    /// <summary>What is kept of a call's time for taking its claim back and for the answer.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromMilliseconds(200);

    public NodeLocks Locks => node.Locks;

    public MonotonicTime Now => time.Now;

    /// <summary>Here when this node has a replica of the lock's home, else once at a node that has.</summary>
    public async Task<TResponse> ServeAsync<TResponse>(ServerCallContext context, string name, Func<Task<TResponse>> here, Func<NodeId, Task<TResponse>?> there)
    {
        try
        {
            if (node.Locks.IsHere(name) || Forwarder.IsForwarded(context)) return await here().ConfigureAwait(false);
            var target = node.Locks.NodeFor(name);
            return await (there(target) ?? throw new NodeException(new NodeError(NodeErrorCode.Unavailable, $"no node is known that could answer for lock '{name}'"))).ConfigureAwait(false);
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    /// <summary>The result of something that calls back.</summary>
    public async Task<T> AnswerAsync<T>(ServerCallContext context, Action<MonotonicTime, Action<T, NodeError?>> begin)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        begin(CallTime.Deadline(context, time), Completing(completion));
        try
        {
            return await completion.Task.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        }
        catch (NodeException e)
        {
            throw Errors.ToRpc(e.Error);
        }
    }

    public async Task<AcquireLockResponse> AcquireAsync(AcquireLockRequest request, ServerCallContext context)
    {
        var completion = new TaskCompletionSource<LockAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var claim = node.Locks.Acquire(AcquisitionOf(request), CallTime.Deadline(context, time), Completing(completion));
        try
        {
            var answer = await completion.Task.WaitAsync(WaitOf(request, context), context.CancellationToken).ConfigureAwait(false);
            if (answer.Outcome != LockOutcome.Waiting) return Response(answer);
        }
        catch (TimeoutException)
        {
            // The claim still waits, as above.
        }
        finally
        {
            claim?.Stop();
        }
        return request.WaitEnd == WaitEnd.KeepPlace
            ? new AcquireLockResponse { Waiting = true }
            : Response(await AnswerAsync<LockAnswer>(context, (deadline, completed) => node.Locks.Withdraw(request.Name, new LeaseId(request.Lease), deadline, completed)).ConfigureAwait(false));
    }

    /// <summary>A claim that does not wait is answered by its entry alone.</summary>
    private static TimeSpan WaitOf(AcquireLockRequest request, ServerCallContext context)
    {
        if (request.WaitMs == 0) return CallTime.Left(context);
        var wait = TimeSpan.FromMilliseconds(request.WaitMs);
        if (context.Deadline == DateTime.MaxValue) return wait;
        var left = CallTime.Left(context) - AnswerTime;
        return left < TimeSpan.Zero ? TimeSpan.Zero : left < wait ? left : wait;
    }

    private static AcquireLockResponse Response(LockAnswer answer) => new() { Acquired = answer.Outcome == LockOutcome.Held, Token = answer.Token };

    private static LockAcquisition AcquisitionOf(AcquireLockRequest request)
    {
        var acquisition = new LockAcquisition(request.Name, new LeaseId(request.Lease))
        {
            Value = request.Value.Memory, Patience = request.WaitMs == 0 ? LockPatience.OnlyIfFree : LockPatience.Queue,
        };
        return request.WriteId is not { } id
            ? acquisition
            : acquisition with { Session = new SessionId(new GroupId(id.SessionGroup), id.SessionIndex), Sequence = id.Sequence, LowestAwaited = id.LowestAwaited };
    }

    private static Action<T, NodeError?> Completing<T>(TaskCompletionSource<T> completion) => (answer, error) =>
    {
        if (error is null) completion.TrySetResult(answer);
        else completion.TrySetException(new NodeException(error));
    };
}
