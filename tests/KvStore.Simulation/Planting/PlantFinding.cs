#if PLANTED
using KvStore.Raft;

namespace KvStore.Simulation.Planting;

/// <summary>What found a planted bug, where: a group alone of some kind, or a whole cluster ("cluster").</summary>
internal sealed record PlantFinding(PlantedBug Bug, string World, int Seed, string Check, string Message, TimeSpan Time);
#endif
