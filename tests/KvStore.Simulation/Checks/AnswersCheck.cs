using KvStore.Raft;
using KvStore.Simulation.Clients;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Checks;

/// <summary>Every write that a node was asked for is answered, done, refused or of unknown outcome, as long as the node lives.</summary>
internal sealed class AnswersCheck(VirtualClock clock, Findings findings)
{
    public const string Name = "every write is answered";

    /// <summary>Deadlines are a second away; a leader that lost leadership waits another one for the outcome.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<long, (NodeLife Life, MonotonicTime Asked)> _open = [];
    private long _asked;

    public Action<Reply<T>> Watch<T>(VirtualNode node, Action<Reply<T>> answer)
    {
        var number = _asked++;
        _open.Add(number, (node.Life, clock.Now));
        return reply =>
        {
            _open.Remove(number);
            answer(reply);
        };
    }

    /// <summary>After the cluster was healed and all clients have ended.</summary>
    public void Finish()
    {
        foreach (var (life, asked) in _open.Values)
            if (!life.HasEnded && clock.Now - asked > Patience) findings.Report(Name, $"node {life.Node.Id} was asked for a write {clock.Now - asked} ago and has not answered");
    }
}
