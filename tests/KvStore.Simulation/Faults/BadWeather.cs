using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>For a while the whole network loses, repeats, reorders, delays, and brings what is long out of date, each by chance or not at all; requests of clients get lost, too.</summary>
internal sealed class BadWeather : IFault
{
    public string Name => "weather";
    public int Weight => 6;

    public Action? Begin(FaultScene scene)
    {
        var random = scene.Random;
        scene.Cluster.Network.Weather = new NetworkWeather(Some(200), Some(200), Some(400), Some(120_000), Some(80));
        scene.Run.ClientNetwork.LostOfThousand = Some(150);
        return () =>
        {
            scene.Cluster.Network.Weather = NetworkWeather.Fine;
            scene.Run.ClientNetwork.LostOfThousand = 0;
        };

        int Some(int most) => random.Chance(60) ? random.Next(most) : 0;
    }
}
