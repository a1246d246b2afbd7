namespace KvStore.Jepsen.Nemeses;

/// <summary>Keeps two nemeses from handling the same node's process or disk at once. Nodes are numbered from 0.</summary>
internal sealed class NodeClaims(int nodes)
{
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, nodes).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>Waits until all of these nodes are free.</summary>
    public async Task<IDisposable> TakeAsync(IReadOnlyCollection<int> wanted)
    {
        // In one order, so that two claims never wait for each other.
        var ordered = wanted.Distinct().Order().ToArray();
        foreach (var node in ordered) await _gates[node].WaitAsync().ConfigureAwait(false);
        return new Claim(_gates, ordered);
    }

    private sealed class Claim(SemaphoreSlim[] gates, int[] nodes) : IDisposable
    {
        public void Dispose()
        {
            foreach (var node in nodes) gates[node].Release();
        }
    }
}
