using KvStore.Node;
using KvStore.Node.Locks;
using KvStore.Raft;
using KvStore.Simulation.Checks;
using KvStore.Simulation.Running;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Clients;

/// <summary>
/// Observes an election at one node, as the server does for its callers: it reads once, and then after each change that the node tells, until the node dies or knows no leader of the election's
/// group for long.
/// </summary>
internal sealed class ElectionObserver(SimulatedClient client, ElectionCheck check, VirtualNode node)
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LeaderlessMax = TimeSpan.FromSeconds(5);
    /// <summary>From the node to who observes.</summary>
    private static readonly TimeSpan Way = TimeSpan.FromMicroseconds(300);

    private readonly ElectionCaller _caller = new(client);
    private TaskCompletionSource? _wake;
    private int _changes;

    private SimulationRun Run => client.Run;

    public NodeId Node => node.Id;

    /// <summary>What was told last; null: nothing yet.</summary>
    public Sighting? Last { get; private set; }

    public async Task ObserveAsync(Func<bool> isDone)
    {
        if (!node.IsUp || node.IsFrozen) return;
        var life = node.Life;
        _changes++;
        if (Watch(life) is not { } watch) return;
        var (seen, heardAt) = (0, Run.Cluster.Clock.Now);
        while (!life.HasEnded && !isDone() && !Run.IsHalted && Hears(life) is { } hears)
        {
            var now = Run.Cluster.Clock.Now;
            if (hears) heardAt = now;
            else if (now - heardAt >= LeaderlessMax) break;
            if (_changes == seen)
            {
                await WakeAsync();
                continue;
            }
            var changes = _changes;
            var called = client.Time;
            var reply = await Run.ClientNetwork.CallAsync<LockDescription>(node, LeaderlessMax, (at, answer) => _caller.Describe(at, check.Election, answer));
            if (!reply.IsAnswered || life.HasEnded) break;
            seen = changes;
            if (Last is null || !Last.IsOf(reply.Answer!)) Run.OperationAnswered();
            Last = check.Seen(called, client.Time, reply.Answer!);
        }
        // A node that has died has nobody to tell.
        if (!life.HasEnded) watch.Dispose();
    }

    private LockWatch? Watch(NodeLife life)
    {
        try
        {
            return node.Node.Locks.Watch(check.Election, () =>
            {
                if (life.HasEnded) return;
                _changes++;
                // It comes in the middle of a turn of the node.
                Run.Cluster.Clock.After(Way, () => _wake?.TrySetResult());
            });
        }
        catch (Exception refused) when (refused is NodeException or LifeEndedException)
        {
            return null;
        }
    }

    /// <summary>Null: not here any more.</summary>
    private bool? Hears(NodeLife life)
    {
        if (life.HasEnded) return null;
        try
        {
            return node.Node.Locks.HearsOf(check.Election);
        }
        catch (NodeException)
        {
            return null;
        }
    }

    private async Task WakeAsync()
    {
        var wake = _wake = new TaskCompletionSource();
        Run.Cluster.Clock.After(LookInterval, () => wake.TrySetResult());
        await wake.Task;
    }
}
