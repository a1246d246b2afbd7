using System.Text.Json.Nodes;
using KvStore.Client.Elections;
using KvStore.Client.Locks;
using KvStore.Jepsen.Recording;

namespace KvStore.Jepsen.Workloads;

/// <summary>Elections: clients lead in turn, say so, and resign or are lost; others ask who leads.</summary>
internal sealed class ElectionWorkload : IWorkload
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(20);
    private static readonly string[] Elections = ["scheduler", "janitor"];
    private int _values;

    public async Task StepAsync(Actor actor, CancellationToken stop)
    {
        var election = Elections[actor.Random.Next(Elections.Length)];
        if (actor.Role == ActorRole.Reader) await LeaderAsync(actor, election).ConfigureAwait(false);
        else await LeadAsync(actor, election).ConfigureAwait(false);
        await Pace.RestAsync(actor, Rest, stop).ConfigureAwait(false);
    }

    public Task<bool> FinishAsync(Actor actor) => FinalReads.AllAsync(Elections, election => LeaderAsync(actor, election));

    private async Task LeadAsync(Actor actor, string election)
    {
        var options = new KvLockOptions { TimeToLive = TimeToLive, Wait = TimeSpan.FromSeconds(4), Renewal = actor.Random.Next(3) == 0 ? KvLockRenewal.None : KvLockRenewal.Automatic };
        KvLeadership? leadership = null;
        var value = NewValue();
        await actor.WriteAsync(election, ElectionHistory.Campaign, value, async client =>
        {
            leadership = await client.Elections.CampaignAsync(election, value, options).ConfigureAwait(false);
            return leadership.FencingToken;
        }).ConfigureAwait(false);
        if (leadership is null) return;
        await using (leadership)
        {
            await LeaderAsync(actor, election).ConfigureAwait(false);
            if (actor.Random.Next(2) == 0) await Task.Delay(TimeToLive * 2 * actor.Random.NextDouble()).ConfigureAwait(false);
            var next = NewValue();
            await actor.WriteAsync(election, ElectionHistory.Proclaim, new JsonObject { ["token"] = leadership.FencingToken, ["value"] = next }, async _ =>
            {
                await leadership.ProclaimAsync(next).ConfigureAwait(false);
                return null;
            }).ConfigureAwait(false);
        }
    }

    private string NewValue() => $"v{Interlocked.Increment(ref _values)}";

    private static Task<bool> LeaderAsync(Actor actor, string election) => actor.ReadAsync(election, ElectionHistory.Leader, async client =>
        await client.Elections.LeaderAsync(election).ConfigureAwait(false) is { } leader ? new JsonObject { ["token"] = leader.FencingToken, ["value"] = leader.Value.ToString() } : null);
}
