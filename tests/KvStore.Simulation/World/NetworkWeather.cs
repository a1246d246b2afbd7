namespace KvStore.Simulation.World;

/// <summary>What happens to frames beside cuts: how many of a thousand are lost, come twice (the second up to 200 ms later), or overtake others; and up to how much later all come.</summary>
internal sealed record NetworkWeather(int LostOfThousand, int RepeatedOfThousand, int ReorderedOfThousand, int DelayMicrosecondsMax)
{
    public static readonly NetworkWeather Fine = new(0, 0, 0, 0);
}
