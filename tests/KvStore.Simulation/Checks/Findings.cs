namespace KvStore.Simulation.Checks;

/// <summary>The first thing that was found. A check may run deep inside a turn of a node, which would take an exception for its own failure; so it reports here, and the world stops.</summary>
internal sealed class Findings(Action halt)
{
    public Finding? First { get; private set; }

    public void Report(string check, string message, SimulationVerdict verdict = SimulationVerdict.Wrong)
    {
        if (First is not null) return;
        First = new Finding(verdict, check, message);
        halt();
    }
}

internal sealed record Finding(SimulationVerdict Verdict, string Check, string Message);
