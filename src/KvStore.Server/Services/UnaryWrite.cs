using KvStore.Node;
using KvStore.Node.StateMachine;

namespace KvStore.Server.Services;

/// <summary>A batch of one command that somebody awaits.</summary>
internal sealed class UnaryWrite : WriteBatch
{
    private readonly TaskCompletionSource<CommandResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Faults with <see cref="NodeException"/>.</summary>
    public Task<CommandResult> Result => _completion.Task;

    public override void Applied(ReadOnlySpan<CommandResult> results) => _completion.TrySetResult(results[0]);

    public override void Failed(NodeError error) => _completion.TrySetException(new NodeException(error));
}
