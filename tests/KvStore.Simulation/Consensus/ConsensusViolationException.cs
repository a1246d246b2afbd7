namespace KvStore.Simulation.Consensus;

/// <summary>What the checks of a simulated group throw: seen from outside, not by an assertion of the product.</summary>
internal sealed class ConsensusViolationException(string message) : Exception(message);

/// <summary>The group stood still though all was well again.</summary>
internal sealed class NoProgressException(string message) : Exception(message);

internal static class Check
{
    public static void That(bool condition, string otherwise)
    {
        if (!condition) throw new ConsensusViolationException(otherwise);
    }
}
