using KvStore.Node.StateMachine;

namespace KvStore.Simulation.Clients;

/// <summary>What a client knows of its write in the end.</summary>
internal readonly record struct WriteOutcome(WriteKnowledge Knowledge, CommandResult Result)
{
    public bool IsDone => Knowledge == WriteKnowledge.Done;
}

internal enum WriteKnowledge
{
    /// <summary>It was applied once; the result says how.</summary>
    Done,
    /// <summary>It certainly was not and will not be applied.</summary>
    Failed,
    Unknown,
}
