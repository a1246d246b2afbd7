namespace KvStore.Jepsen.Nemeses;

/// <summary>SIGSTOP and SIGCONT, leaders first: a process that does not know that time has passed.</summary>
internal sealed class PauseNemesis : INemesis
{
    public string Name => "pause";

    public string Summary => "SIGSTOP of one node (a leader more often), a quorum or all for 0.1 to 4 s, then SIGCONT";

    public async Task StrikeAsync(Battlefield field)
    {
        var victims = field.Random.Next(10) switch
        {
            < 6 => [await field.Leaders.MostLeadingAsync(field.Random).ConfigureAwait(false)],
            < 8 => field.Some(1),
            < 9 => field.Some(field.Majority),
            _ => field.Some(field.Nodes),
        };
        using var claim = await field.ClaimAsync(victims).ConfigureAwait(false);
        if (field.IsOver) return;
        var fault = field.Log.Begin(Name, $"pause {Battlefield.Names(victims)}");
        foreach (var victim in victims) field.Cluster.Nodes[victim].Pause();
        // Half of the pauses are about as long as a leader's lease, where it matters most.
        if (field.Random.Next(2) == 0) await field.HoldAsync(0.1, 1.2).ConfigureAwait(false);
        else await field.HoldAsync(1.2, 4).ConfigureAwait(false);
        foreach (var victim in victims) field.Cluster.Nodes[victim].Resume();
        field.Log.End(fault);
    }
}
