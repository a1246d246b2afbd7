using KvStore.Jepsen.Disks;

namespace KvStore.Jepsen.Nemeses;

/// <summary>Power cuts: a node starts again from what its disk would have held, so what was written but not synced is gone, renames included.</summary>
internal sealed class PowerNemesis : INemesis
{
    public string Name => "power";

    public string Summary => "cut the power of one node, a quorum or all: what was not synced is gone (needs root)";

    public DiskKind Disk => DiskKind.Image;

    public async Task StrikeAsync(Battlefield field)
    {
        var victims = field.Some(field.Random.Next(10) switch
        {
            < 4 => 1,
            < 6 => field.Majority,
            _ => field.Nodes,
        });
        using var claim = await field.ClaimAsync(victims).ConfigureAwait(false);
        if (field.IsOver) return;
        var fault = field.Log.Begin(Name, $"power cut of {Battlefield.Names(victims)}");
        await CutAsync(field.Cluster, victims).ConfigureAwait(false);
        await field.HoldAsync(0.05, 1).ConfigureAwait(false);
        foreach (var victim in victims) field.Cluster.Nodes[victim].Start();
        field.Log.End(fault);
    }

    /// <summary>The nodes lose their power at the same time; they are down afterwards, their disks as they were left.</summary>
    public static async Task CutAsync(Processes.ProcessCluster cluster, IReadOnlyList<int> victims)
    {
        await Task.WhenAll(victims.Select(victim => cluster.Nodes[victim].HaltAsync())).ConfigureAwait(false);
        await Task.WhenAll(victims.Select(victim => cluster.Disks[victim].CutPowerAsync())).ConfigureAwait(false);
        foreach (var victim in victims) cluster.Nodes[victim].Kill();
        foreach (var victim in victims) await cluster.Disks[victim].RestoreAfterCutAsync().ConfigureAwait(false);
    }
}
