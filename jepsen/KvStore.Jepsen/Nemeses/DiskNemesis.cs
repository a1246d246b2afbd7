using KvStore.Jepsen.Disks;

namespace KvStore.Jepsen.Nemeses;

/// <summary>A disk that is full, that stalls, or that dies: accepts writes and fails to keep them, so that only a sync tells.</summary>
internal sealed class DiskNemesis : INemesis
{
    private static readonly TimeSpan DeathTimeout = TimeSpan.FromSeconds(10);

    public string Name => "disk";

    public string Summary => "a full, a stalled, a dying disk of one node (needs root)";

    public DiskKind Disk => DiskKind.ImageInMemory;

    public async Task StrikeAsync(Battlefield field)
    {
        var victim = field.Random.Next(2) == 0 ? await field.Leaders.MostLeadingAsync(field.Random).ConfigureAwait(false) : field.Some(1)[0];
        using var claim = await field.ClaimAsync(victim).ConfigureAwait(false);
        if (field.IsOver) return;
        var (disk, node) = (field.Cluster.Disks[victim], field.Cluster.Nodes[victim]);
        switch (field.Random.Next(3))
        {
            case 0:
                await DuringAsync(field, $"disk of node {victim + 1} full", disk.FillAsync, disk.DrainAsync).ConfigureAwait(false);
                break;
            case 1:
                await DuringAsync(field, $"disk of node {victim + 1} stalled", disk.StallAsync, disk.ResumeAsync).ConfigureAwait(false);
                break;
            default:
                var fault = field.Log.Begin(Name, $"disk of node {victim + 1} dies");
                node.ExpectEnd();
                await disk.DieAsync().ConfigureAwait(false);
                // A node whose sync fails has to end by itself. One that had nothing to write may not.
                await node.HasEndedAsync(DeathTimeout, CancellationToken.None).ConfigureAwait(false);
                node.Kill();
                await disk.ReviveAsync().ConfigureAwait(false);
                node.Start();
                field.Log.End(fault);
                break;
        }
    }

    private async Task DuringAsync(Battlefield field, string what, Func<Task> begin, Func<Task> end)
    {
        var fault = field.Log.Begin(Name, what);
        await begin().ConfigureAwait(false);
        await field.HoldAsync(0.5, 4).ConfigureAwait(false);
        await end().ConfigureAwait(false);
        field.Log.End(fault);
    }
}
