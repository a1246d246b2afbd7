using KvStore.Jepsen.Nemeses;

namespace KvStore.Jepsen.Runs;

/// <summary>Lets one nemesis strike again and again, with pauses, until the run ends.</summary>
internal static class Strikes
{
    private static readonly TimeSpan CalmMin = TimeSpan.FromMilliseconds(200);
    // Most strikes hit a cluster that serves, some one that is still on its way back.
    private const int SettledOf = 3;

    public static async Task RunAsync(INemesis nemesis, Battlefield field)
    {
        while (!field.IsOver)
        {
            if (field.Random.Next(SettledOf) != 0) await field.SettleAsync().ConfigureAwait(false);
            await field.HoldAsync(CalmMin.TotalSeconds, nemesis.CalmMax.TotalSeconds).ConfigureAwait(false);
            if (!field.IsOver) await nemesis.StrikeAsync(field).ConfigureAwait(false);
        }
    }
}
