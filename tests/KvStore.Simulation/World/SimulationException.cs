namespace KvStore.Simulation.World;

/// <summary>The world does not go on as the simulation needs it; names seed and time.</summary>
internal sealed class SimulationException(string message) : Exception(message);

/// <summary>Thrown into what a node was doing when its life ended: nobody is to see what comes after.</summary>
internal sealed class LifeEndedException() : Exception("the node is no more");
