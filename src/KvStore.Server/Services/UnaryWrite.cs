using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Server.Services;

/// <summary>A batch of one command that one caller awaits.</summary>
internal abstract class UnaryWrite(WriteCompletions completions) : WriteBatch
{
    /// <summary>1 once the outcome is known: the node tells it once (<see cref="WriteBatch"/>).</summary>
    private int _decided;

    protected CommandResult Result { get; private set; }

    protected NodeError? Error { get; private set; }

    public override void Applied(ReadOnlySpan<CommandResult> results)
    {
        Result = results[0];
        Decide();
    }

    public override void Failed(NodeError error)
    {
        Error = error;
        Decide();
    }

    /// <summary>Tells the caller, which goes on within it.</summary>
    public abstract void Complete();

    private void Decide()
    {
        Invariant.That(Interlocked.Exchange(ref _decided, 1) == 0, "a write has one outcome");
        completions.Add(this);
    }
}
