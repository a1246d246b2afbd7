using KvStore.Client;
using KvStore.Jepsen.Processes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;

namespace KvStore.Jepsen.Runs;

/// <summary>The clients of a run, each with a connection of its own, each doing one operation after the other.</summary>
internal sealed class ActorPool : IAsyncDisposable
{
    // Long enough for a busy machine, short enough that a client does not spend the run with one call.
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    // Every third client only reads.
    private const int ReaderOf = 3;
    private readonly List<KvClient> _clients = [];
    private readonly List<Actor> _actors = [];

    public ActorPool(ProcessCluster cluster, Recorder recorder, int count, int seed)
    {
        for (var n = 0; n < count; n++)
        {
            var role = n % ReaderOf == ReaderOf - 1 ? ActorRole.Reader : ActorRole.Writer;
            var client = KvClient.Create(cluster.Endpoints, new KvClientOptions { Timeout = OperationTimeout, AttemptTimeout = role == ActorRole.Reader ? OperationTimeout : Patience });
            _clients.Add(client);
            _actors.Add(new Actor(role, client, recorder, new Random(unchecked((seed * 1_000_003) + n))));
        }
    }

    public Actor First => _actors[0];

    /// <summary>Until the load ends; every operation that was begun ends.</summary>
    public Task RunAsync(IWorkload workload, CancellationToken stop) => Task.WhenAll(_actors.Select(actor => Task.Run(async () =>
    {
        while (!stop.IsCancellationRequested) await workload.StepAsync(actor, stop).ConfigureAwait(false);
    }, CancellationToken.None)));

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync().ConfigureAwait(false);
    }
}
