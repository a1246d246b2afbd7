using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// A caller of this node that waits for a claim to come to something. It was noted before the claim was proposed, so that it misses nothing; what happened before the claim's own entry does not
/// concern it. Answered once.
/// </summary>
public sealed class LockWait
{
    private readonly LockWaits owner;
    private readonly Action<LockAnswer, NodeError?> completed;
    /// <summary>Seen before the claim's entry is known, in order.</summary>
    private List<(LogIndex Index, LockEvent Event)>? early;
    private LogIndex? claimed;
    private bool done;

    internal LockWait(LockWaits owner, GroupId group, string name, ulong lease, Action<LockAnswer, NodeError?> completed)
    {
        (this.owner, Group, Lock, Lease, this.completed) = (owner, group, name, lease, completed);
    }

    internal GroupId Group { get; }
    internal string Lock { get; }
    internal ulong Lease { get; }

    /// <summary>The caller waits no longer: it will not be called. The claim stays as it is.</summary>
    public void Stop()
    {
        lock (owner.Gate)
        {
            if (done) return;
            done = true;
            owner.Remove(this);
        }
    }

    /// <summary>The claim's entry was applied, with this result.</summary>
    internal void Claimed(LogIndex index, in CommandResult result)
    {
        if (result.Flag)
        {
            Complete(new LockAnswer(LockOutcome.Held, (ulong)result.Number), null);
            return;
        }
        if (result.Number == 0)
        {
            Complete(new LockAnswer(LockOutcome.NotHeld), null);
            return;
        }
        List<(LogIndex, LockEvent)>? seen;
        lock (owner.Gate)
        {
            claimed = index;
            (seen, early) = (early, null);
        }
        foreach (var (at, what) in seen ?? []) Happened(at, what);
    }

    internal void Happened(LogIndex index, in LockEvent what)
    {
        lock (owner.Gate)
        {
            if (claimed is null)
            {
                (early ??= []).Add((index, what));
                return;
            }
        }
        if (index < claimed) return;
        if (what.Kind == LockEventKind.Granted) Complete(new LockAnswer(LockOutcome.Held, what.Token), null);
        else Complete(new LockAnswer(LockOutcome.NotHeld), null);
    }

    internal void Complete(LockAnswer answer, NodeError? error)
    {
        lock (owner.Gate)
        {
            if (done) return;
            done = true;
            owner.Remove(this);
        }
        completed(answer, error);
    }
}
