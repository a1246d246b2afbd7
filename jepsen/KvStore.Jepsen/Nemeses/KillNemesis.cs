namespace KvStore.Jepsen.Nemeses;

/// <summary>SIGKILL of a leader, of any node, of a quorum, of all, and a new start.</summary>
internal sealed class KillNemesis : INemesis
{
    public string Name => "kill";

    public string Summary => "kill -9 of one node (a leader more often), a quorum or all, and start again";

    public async Task StrikeAsync(Battlefield field)
    {
        var victims = field.Random.Next(10) switch
        {
            < 4 => [await field.Leaders.MostLeadingAsync(field.Random).ConfigureAwait(false)],
            < 6 => field.Some(1),
            < 8 => field.Some(field.Majority),
            _ => field.Some(field.Nodes),
        };
        using var claim = await field.ClaimAsync(victims).ConfigureAwait(false);
        if (field.IsOver) return;
        var leaderless = (await field.Leaders.AskAsync().ConfigureAwait(false)).Where(l => victims.Contains(l.Value)).Select(l => l.Key).ToList();
        // How fast a group has a new leader can be said only where one can be elected at once.
        var fault = field.Log.Begin(Name, $"kill {Battlefield.Names(victims)}{(leaderless.Count > 0 ? $" (leading {string.Join(", ", leaderless)})" : "")}", field.Nodes - victims.Length >= field.Majority ? leaderless : []);
        foreach (var victim in victims) field.Cluster.Nodes[victim].Kill();
        await field.HoldAsync(0.1, 3).ConfigureAwait(false);
        foreach (var victim in victims) field.Cluster.Nodes[victim].Start();
        field.Log.End(fault);
    }
}
