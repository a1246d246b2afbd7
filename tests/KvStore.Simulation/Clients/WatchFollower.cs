using KvStore.Node;
using KvStore.Node.Watches;
using KvStore.Simulation.Checks;
using KvStore.Simulation.World;
using KvStore.Storage.Engine;

namespace KvStore.Simulation.Clients;

/// <summary>
/// Follows one watch as the SDK does: at any node, behind what it was told last, as often as the node dies, the connection breaks or the node sends it away. Sometimes it is slow, and
/// sometimes it leaves a watch behind that nobody reads any more.
/// </summary>
internal sealed class WatchFollower(SimulatedClient client, WatchCheck check)
{
    /// <summary>Until the leg is over or the caller has what it wants.</summary>
    public async Task FollowAsync(WatchLeg leg, Func<bool> isDone)
    {
        while (!leg.IsOver && !isDone() && !client.Run.IsHalted)
        {
            var node = client.Random.Pick(client.Run.Cluster.Nodes);
            var asked = leg.First == 0 ? leg.Query.From?.Value : leg.Position + 1;
            var acknowledged = client.Run.Freshness.Expect(leg.Range, ReadConsistency.Quorum, default).Value;
            var consumer = new Consumer();
            var query = leg.Query with { From = asked is { } from ? new Revision(from) : null };
            var reply = await client.Run.ClientNetwork.CallAsync<Watch>(node, TimeSpan.FromMilliseconds(300 + client.Random.Next(900)), (at, answer) => Open(at, query, consumer, answer));
            if (reply.IsAnswered)
            {
                check.Opened(leg, reply.Answer!.First.Value, acknowledged);
                await ConsumeAsync(leg, node, consumer, reply.Answer, isDone);
                continue;
            }
            consumer.IsGone = client.Random.Chance(70);
            if (reply.Error is { } error) Refused(leg, asked ?? 0, error);
            await client.Run.Cluster.DelayAsync(client.Random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(100)));
        }
    }

    private void Refused(WatchLeg leg, ulong asked, NodeError error)
    {
        check.Refused(leg, asked, error);
        leg.IsOver = error.Code is NodeErrorCode.Compacted or NodeErrorCode.FutureRevision;
    }

    private async void Open(VirtualNode node, WatchQuery query, Consumer consumer, Action<Reply<Watch>> answer)
    {
        try
        {
            var watch = await node.Node.WatchAsync(query, consumer, CancellationToken.None);
            if (consumer.IsGone) watch.Cancel();
            else answer(Reply<Watch>.Of(watch));
        }
        catch (NodeException refused)
        {
            answer(Reply<Watch>.Refused(refused.Error));
        }
        catch (LifeEndedException)
        {
            client.Run.Cluster.Trace.Line(() => $"client {client.Number}: node {node.Id} died over a watch");
        }
    }

    private async Task ConsumeAsync(WatchLeg leg, VirtualNode node, Consumer consumer, Watch watch, Func<bool> isDone)
    {
        var cluster = client.Run.Cluster;
        var life = node.Life;
        var until = cluster.Clock.Now + client.Random.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(8));
        if (client.Random.Chance(20)) AskForProgress(node, watch);
        while (cluster.Clock.Now < until && !life.HasEnded && !isDone() && !client.Run.IsHalted)
        {
            if (node.IsFrozen || !consumer.HasNews)
            {
                await cluster.DelayAsync(client.Random.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(40)));
                continue;
            }
            if (!watch.TryTake(out var piece))
            {
                consumer.HasNews = false;
                continue;
            }
            // On its way to the client it gets lost with the connection.
            if (client.Random.ChanceIn(20)) break;
            check.Told(leg, piece);
            if (piece.Kind == WatchBatchKind.Ended)
            {
                Refused(leg, leg.Position + 1, piece.Error!);
                return;
            }
            if (client.Random.Chance(5)) await cluster.DelayAsync(client.Random.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(2)));
        }
        // A connection that broke without a word leaves a watch behind that nobody takes from.
        if (!life.HasEnded && client.Random.Chance(70)) watch.Cancel();
    }

    private static async void AskForProgress(VirtualNode node, Watch watch)
    {
        try
        {
            await node.Node.RequestProgressAsync(watch, CancellationToken.None);
        }
        catch (Exception none) when (none is NodeException or LifeEndedException)
        {
            // The bookmark does not come; others do.
            return;
        }
    }

    private sealed class Consumer : IWatchSink
    {
        public bool HasNews { get; set; }
        public bool IsGone { get; set; }

        void IWatchSink.HasNews(Watch watch) => HasNews = true;
    }
}
