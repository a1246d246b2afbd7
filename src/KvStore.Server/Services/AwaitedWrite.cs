using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Protocol.V1;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Services;

/// <summary>The response of a command that was applied.</summary>
internal delegate TResponse Respond<out TResponse>(in CommandResult result, ResponseHeader? header);

/// <summary>A unary write and the response that its caller awaits.</summary>
internal sealed class AwaitedWrite<TResponse>(WriteCompletions completions, RangeDescriptor range, Respond<TResponse> respond) : UnaryWrite(completions)
{
    private readonly TaskCompletionSource<TResponse> _response = new();

    /// <summary>Faults with <see cref="NodeException"/>.</summary>
    public Task<TResponse> Response => _response.Task;

    public override void Complete()
    {
        TResponse response;
        try
        {
            if ((Error ?? CommandResponses.ErrorOf(Result)) is { } error) throw new NodeException(error);
            response = respond(Result, new ResponseHeader { RangeId = range.Id.Value, Epoch = range.Epoch, Revision = Result.Revision.Value });
        }
        catch (Exception e)
        {
            _response.SetException(e); // whatever it is, of this call alone: other writes are completed after it
            return;
        }

        _response.SetResult(response);
    }
}
