namespace KvStore.Simulation.World;

/// <summary>What happens to frames beside cuts: how many of a thousand are lost, come twice (the second up to 200 ms later), or overtake others; and up to how much later all come.
/// And how many come so late, up to <see cref="LateMax"/>, that the same was asked and answered again meanwhile: what was under way on a connection that another one has replaced.</summary>
internal sealed record NetworkWeather(int LostOfThousand, int RepeatedOfThousand, int ReorderedOfThousand, int DelayMicrosecondsMax, int LateOfThousand = 0)
{
    public static readonly TimeSpan LateMax = TimeSpan.FromMilliseconds(600);


    public static readonly NetworkWeather Fine = new(0, 0, 0, 0);
}
