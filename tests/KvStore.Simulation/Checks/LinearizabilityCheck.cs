using KvStore.Linearizability;

namespace KvStore.Simulation.Checks;

/// <summary>The history of all clients is linearizable, key by key. An undecided history is no pass.</summary>
internal sealed class LinearizabilityCheck(Findings findings)
{
    public const string Name = "linearizability";

    private const long StepsMax = 20_000_000;
    private const long MemoryBytesMax = 256 << 20;

    private readonly List<Operation> _operations = [];

    public void Add(Operation operation) => _operations.Add(operation);

    public CheckResult Finish()
    {
        var result = LinearizabilityChecker.Check(History.Of(_operations), new CheckOptions { StepsMax = StepsMax, MemoryBytesMax = MemoryBytesMax });
        if (result.Verdict != Verdict.Linearizable) findings.Report(Name, result.ToString());
        return result;
    }
}
