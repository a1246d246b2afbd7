using System.Threading.Tasks.Sources;
using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Server.Services;

/// <summary>A batch of one command that one caller awaits, once.</summary>
internal sealed class UnaryWrite(WriteCompletions completions) : WriteBatch, IValueTaskSource<CommandResult>
{
    private ManualResetValueTaskSourceCore<CommandResult> _source;
    private CommandResult _result;
    private NodeError? _error;
    /// <summary>1 once the outcome is known: the node tells it once (<see cref="WriteBatch"/>), and a second one would complete what the first caller has taken.</summary>
    private int _decided;

    /// <summary>Faults with <see cref="NodeException"/>. The caller goes on within <see cref="Complete"/>.</summary>
    public ValueTask<CommandResult> Result => new(this, _source.Version);

    public override void Applied(ReadOnlySpan<CommandResult> results)
    {
        _result = results[0];
        Decide();
    }

    public override void Failed(NodeError error)
    {
        _error = error;
        Decide();
    }

    private void Decide()
    {
        Invariant.That(Interlocked.Exchange(ref _decided, 1) == 0, "a write has one outcome");
        completions.Add(this);
    }

    public void Complete()
    {
        if (_error is null) _source.SetResult(_result);
        else _source.SetException(new NodeException(_error));
    }

    CommandResult IValueTaskSource<CommandResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<CommandResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<CommandResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
