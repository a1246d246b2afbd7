using KvStore.Node;
using KvStore.Simulation.World;

namespace KvStore.Simulation.Clients;

/// <summary>The way of a request from a client to a node and back: it takes time, and either half can get lost. A dead node answers nothing.</summary>
internal sealed class ClientNetwork(VirtualCluster cluster)
{
    private static readonly NodeError Unreachable = new(NodeErrorCode.Unavailable, "connection refused");
    private readonly VirtualRandom _random = VirtualRandom.Stream(cluster.Seed, "client network");

    /// <summary>Requests, and answers, of a thousand that get lost.</summary>
    public int LostOfThousand { get; set; }

    public Task<Reply<T>> CallAsync<T>(VirtualNode node, TimeSpan patience, Action<VirtualNode, Action<Reply<T>>> request)
    {
        var reply = new TaskCompletionSource<Reply<T>>();
        cluster.Clock.After(patience, () => reply.TrySetResult(Reply<T>.Lost));
        if (!_random.ChanceIn(LostOfThousand)) cluster.Clock.After(Delay(), () => Arrive(node, request, reply));
        return reply.Task;
    }

    private void Arrive<T>(VirtualNode node, Action<VirtualNode, Action<Reply<T>>> request, TaskCompletionSource<Reply<T>> reply)
    {
        if (!node.IsUp)
        {
            cluster.Clock.After(Delay(), () => reply.TrySetResult(Reply<T>.Refused(Unreachable)));
            return;
        }
        var life = node.Life;
        node.WhenThawed(() =>
        {
            if (life.HasEnded) return;
            try
            {
                request(node, answer =>
                {
                    if (life.HasEnded || _random.ChanceIn(LostOfThousand)) return;
                    cluster.Clock.After(Delay(), () => reply.TrySetResult(answer));
                });
            }
            catch (LifeEndedException)
            {
                cluster.Trace.Line(() => $"node {node.Id} died over a request");
            }
        });
    }

    private TimeSpan Delay() => TimeSpan.FromMicroseconds(30 + _random.Next(600));
}
