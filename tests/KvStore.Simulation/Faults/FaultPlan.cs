using KvStore.Simulation.World;

namespace KvStore.Simulation.Faults;

/// <summary>What is to go wrong when, made from the seed before the run begins. Each seed has its own selection of kinds (swarm testing), so that faults which hide each other are also seen alone.</summary>
internal sealed class FaultPlan
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(200), PauseMax = TimeSpan.FromMilliseconds(1250);

    private FaultPlan(IReadOnlyList<PlannedFault> faults) => Faults = faults;

    public IReadOnlyList<PlannedFault> Faults { get; }

    public static FaultPlan Of(ulong seed, TimeSpan duration)
    {
        var random = VirtualRandom.Stream(seed, "faults");
        var kinds = Selection(seed);
        var faults = new List<PlannedFault>();
        for (var at = random.Between(PauseMin, PauseMax); at < duration; at += random.Between(PauseMin, PauseMax))
            faults.Add(new PlannedFault(faults.Count, at, Pick(random, kinds), Length(random), random.Next()));
        return new FaultPlan(faults);
    }

    /// <summary>Each kind is in or out by its name, so that a new kind changes as few seeds as can be.</summary>
    private static List<IFault> Selection(ulong seed)
    {
        var chosen = FaultList.All.Where(kind => VirtualRandom.Stream(seed, kind.Name).Chance(55)).ToList();
        return chosen.Count > 0 ? chosen : [.. FaultList.All];
    }

    private static IFault Pick(VirtualRandom random, List<IFault> kinds)
    {
        var pick = random.Next(kinds.Sum(kind => kind.Weight));
        foreach (var kind in kinds)
        {
            if (pick < kind.Weight) return kind;
            pick -= kind.Weight;
        }
        throw new InvalidOperationException("the weights have changed");
    }

    private static TimeSpan Length(VirtualRandom random) => random.Next(10) switch
    {
        < 5 => random.Between(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(400)),
        < 9 => random.Between(TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(2)),
        _ => random.Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6)),
    };
}

internal sealed record PlannedFault(int Number, TimeSpan At, IFault Fault, TimeSpan Time, ulong Seed);
