using KvStore.Simulation.Consensus;

namespace KvStore.Simulation.CommandLine;

/// <summary>Runs seeds of one kind of Raft group alone until enough are done or one fails.</summary>
internal sealed class GroupExplorer(TextWriter output)
{
    public SimulationVerdict Run(string kind, ulong from, ulong runs)
    {
        for (var seed = from; seed - from < runs; seed++)
        {
            if (GroupRun.Find(kind, (int)seed) is not var (verdict, check, message)) continue;
            output.WriteLine($"{kind}, seed {seed}: {verdict}: {check}: {message}");
            return verdict;
        }
        output.WriteLine($"{runs} groups of kind {kind} passed");
        return SimulationVerdict.Passed;
    }
}
