using KvStore.Client;

namespace KvStore.Jepsen.Nemeses;

/// <summary>Leadership of random groups handed to random nodes, again and again.</summary>
internal sealed class TransferNemesis : INemesis
{
    public string Name => "transfer";

    public string Summary => "hand the leadership of groups to other nodes";

    public TimeSpan CalmMax => TimeSpan.FromMilliseconds(700);

    public async Task StrikeAsync(Battlefield field)
    {
        var leaders = await field.Leaders.AskAsync().ConfigureAwait(false);
        if (leaders.Count == 0 || field.IsOver) return;
        var (group, from) = leaders.ElementAt(field.Random.Next(leaders.Count));
        var target = (from + field.Random.Next(1, field.Nodes)) % field.Nodes;
        var fault = field.Log.Begin(Name, $"group {group} from node {from + 1} to node {target + 1}");
        try
        {
            await field.Client.Cluster.TransferLeadershipAsync(group, (ulong)target + 1).ConfigureAwait(false);
        }
        catch (KvException e) when (e.IsTransient)
        {
            // The leader changed by itself, or another fault is in the way: as good a fault.
            _ = e;
        }

        field.Log.End(fault);
    }
}
