using System.Globalization;
using System.Text.Json.Nodes;
using KvStore.Client;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// A set whose elements are keys under one prefix, so in one range: clients add elements, others scan. A scan is one snapshot, so it has all that was added before it, and of any
/// two scans one contains the other.
/// </summary>
internal sealed class SetWorkload : IWorkload
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RestOfAdder = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan RestOfReader = TimeSpan.FromMilliseconds(120);
    private readonly KeyRing _sets = new("set", 4, Lifetime);
    private int _elements;

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var set = _sets.Pick(actor.Random);
        if (actor.Role == ActorRole.Reader)
        {
            await ReadAsync(actor, set).ConfigureAwait(false);
            await Pace.RestAsync(actor, RestOfReader, stop).ConfigureAwait(false);
            return;
        }

        var element = Interlocked.Increment(ref _elements);
        await actor.WriteAsync(set, SetHistory.Add, element, async client =>
        {
            await client.PutAsync(KeyOf(set, element), "").ConfigureAwait(false);
            return null;
        }).ConfigureAwait(false);
        await Pace.RestAsync(actor, RestOfAdder, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(_sets.Used, set => ReadAsync(actor, set));

    private static string KeyOf(string set, int element) => string.Create(CultureInfo.InvariantCulture, $"{set}/{element}");

    private static Task<bool> ReadAsync(Actor actor, string set) => actor.ReadAsync(set, SetHistory.Read, async client =>
    {
        var found = new JsonArray();
        await foreach (var entry in client.ScanAsync(KvRange.Prefix(set + "/"), new KvScanOptions { Content = KvScanContent.KeysOnly }).ConfigureAwait(false))
            found.Add(int.Parse(entry.KeyText.AsSpan(set.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture));
        return found;
    });
}
