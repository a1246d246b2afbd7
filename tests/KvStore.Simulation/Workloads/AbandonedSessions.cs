using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Simulation.Clients;
using KvStore.Simulation.Running;

namespace KvStore.Simulation.Workloads;

/// <summary>Clients that open sessions, write once or twice and go away: their sessions end by time, several at once after a time without a leader, and on every replica alike.</summary>
internal sealed class AbandonedSessions(SimulationRun run) : IWorkload
{
    private static readonly TimeSpan RestMax = TimeSpan.FromSeconds(2);

    public string Name => "sessions";

    public async Task RunAsync(SimulatedClient client)
    {
        while (!client.IsOver)
        {
            var visitor = new SimulatedClient(run, run.NewHistoryNumber());
            for (var writes = 1 + client.Random.Next(2); writes > 0 && !client.IsOver; writes--)
            {
                await visitor.WriteAsync("s", new Command { Put = new Put { Key = ByteString.CopyFromUtf8("s"), Value = ByteString.CopyFromUtf8("visited") } });
                await run.Cluster.DelayAsync(client.Random.Between(TimeSpan.Zero, RestMax / 4));
            }
        }
    }

    /// <summary>What sessions leave behind is in the hash that all replicas are compared by.</summary>
    public Task ReadAllAsync(SimulatedClient client) => Task.CompletedTask;

    public void Finish()
    {
    }
}
