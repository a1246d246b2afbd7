using KvStore.Node;

namespace KvStore.Simulation.Clients;

/// <summary>What came back from a node: an answer, an error, or nothing in time.</summary>
internal readonly record struct Reply<T>(T? Answer, NodeError? Error, bool IsLost)
{
    public static Reply<T> Of(T answer) => new(answer, null, false);
    public static Reply<T> Refused(NodeError error) => new(default, error, false);
    public static Reply<T> Lost => new(default, null, true);
    public bool IsAnswered => Error is null && !IsLost;
}
