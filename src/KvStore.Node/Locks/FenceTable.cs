using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary>
/// Which fencing tokens this group accepts for locks whose home is another group. A token is admitted after its home has registered this group for it, and removed by the home
/// before it gives the lock to anybody else.
/// </summary>
/// <remarks>
/// An AdmitFence may come late, or twice, behind the RemoveFence that ended what it stands for, and must not bring the token back. Who proposes it therefore names in it an index that
/// this group had applied before the home was asked (<c>began</c>). The home says yes only while the token holds the lock, and proposes the removal only afterwards, so the removal of
/// a registration has an index greater than the registration's own <c>began</c>. Hence an AdmitFence behind which no removal of its token stands after <c>began</c> was not yet undone. Removals are
/// remembered with their index, the newest <see cref="RemovalsMax"/> of them; whoever began before the newest forgotten one is told to begin again, and then the home refuses.
/// </remarks>
internal sealed class FenceTable(EffectHash hash)
{
    /// <summary>Frozen: what is forgotten must be the same on all replicas.</summary>
    public const int RemovalsMax = 4096;

    /// <summary>By lock; greater than the token of its removal, if that is remembered.</summary>
    private readonly Dictionary<string, ulong> admitted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkedListNode<Removal>> removed = new(StringComparer.Ordinal);
    /// <summary>Oldest first.</summary>
    private readonly LinkedList<Removal> removals = [];
    private LogIndex forgotten;
    private KnownFences view = KnownFences.Empty;

    private readonly record struct Removal(string Lock, ulong Token, LogIndex Index);

    /// <summary>Immutable; any thread.</summary>
    public KnownFences Known => Volatile.Read(ref view);

    /// <returns>Ok: accepted from now on. Fenced: it has been removed. FenceUnregistered: too late to tell; ask the home again.</returns>
    public CommandStatus Admit(string name, ulong token, LogIndex began)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.LateAdmissionAccepted) && RemovedToken(name) == token)
        {
            removals.Remove(removed[name]);
            removed.Remove(name);
        }
#endif
        if (Check(name, token) is var known and not CommandStatus.FenceUnregistered) return known;
        if (began < forgotten) return CommandStatus.FenceUnregistered;
        if (LockLimits.Refuse(name) is not null || token == 0) return CommandStatus.InvalidArgument;
        admitted[name] = token;
        Mix(EffectKind.FenceAdmitted, name, token);
        Publish(view.WithAdmitted(name, token));
        return CommandStatus.Ok;
    }

    public void Remove(string name, ulong token, LogIndex index)
    {
        if (RemovedToken(name) >= token) return;
        if (removed.Remove(name, out var older)) removals.Remove(older);
        removed.Add(name, removals.AddLast(new Removal(name, token, index)));
        var next = view.WithRemoved(name, token);
        if (admitted.TryGetValue(name, out var accepted) && accepted <= token)
        {
            admitted.Remove(name);
            next = next.WithoutAdmitted(name);
        }
        Mix(EffectKind.FenceRemoved, name, token);
        if (removals.Count > RemovalsMax) next = Forget(next);
        Publish(next);
    }

    /// <summary>Ok, Fenced, or FenceUnregistered: only the home knows.</summary>
    public CommandStatus Check(string name, ulong token)
    {
#if PLANTED
        if (Plants.Has(PlantedBug.OlderTokenAcceptedElsewhere) && admitted.TryGetValue(name, out var newer) && newer > token) return CommandStatus.Ok;
#endif
        if (admitted.TryGetValue(name, out var accepted) && accepted >= token) return accepted == token ? CommandStatus.Ok : CommandStatus.Fenced;
        return RemovedToken(name) >= token ? CommandStatus.Fenced : CommandStatus.FenceUnregistered;
    }

    public void Capture(GroupState state)
    {
        foreach (var (name, token) in admitted.OrderBy(pair => pair.Key, StringComparer.Ordinal)) state.AdmittedFences.Add(new AdmittedFence { Lock = name, Token = token });
        foreach (var removal in removals) state.RemovedFences.Add(new RemovedFence { Lock = removal.Lock, Token = removal.Token, Index = removal.Index.Value });
        state.FenceRemovalsForgotten = forgotten.Value;
    }

    public void Restore(GroupState state)
    {
        var restored = KnownFences.Empty;
        foreach (var fence in state.AdmittedFences)
        {
            admitted.Add(fence.Lock, fence.Token);
            restored = restored.WithAdmitted(fence.Lock, fence.Token);
        }
        foreach (var fence in state.RemovedFences)
        {
            removed.Add(fence.Lock, removals.AddLast(new Removal(fence.Lock, fence.Token, new LogIndex(fence.Index))));
            restored = restored.WithRemoved(fence.Lock, fence.Token);
        }
        forgotten = new LogIndex(state.FenceRemovalsForgotten);
        Publish(restored);
    }

    private ulong RemovedToken(string name) => removed.TryGetValue(name, out var node) ? node.Value.Token : 0;

    private KnownFences Forget(KnownFences next)
    {
        var oldest = removals.First!.Value;
        removals.RemoveFirst();
        removed.Remove(oldest.Lock);
        forgotten = oldest.Index;
        return next.WithoutRemoved(oldest.Lock);
    }

    private void Mix(EffectKind kind, string name, ulong token)
    {
        hash.Change(kind, token, forgotten.Value, 0);
        hash.Mix(System.Text.Encoding.UTF8.GetBytes(name));
    }

    private void Publish(KnownFences next) => Volatile.Write(ref view, next);
}
