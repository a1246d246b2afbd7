using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

/// <summary>The definition of linearizability, and nothing else: some order of the operations that respects real time explains every answer.</summary>
internal static class BruteForce
{
    /// <param name="entries">Few. Failed ones are left out; those of unknown outcome may be left out.</param>
    /// <param name="start">The first state.</param>
    /// <param name="step">The state after an operation; null: it cannot have given its answer.</param>
    public static bool IsLinearizable<TState>(IReadOnlyList<Entry> entries, TState start, Func<TState, Entry, TState?> step) where TState : class =>
        CanPlace([.. entries.Where(e => e.Outcome != Outcome.Failed)], start, step);

    private static bool CanPlace<TState>(IReadOnlyList<Entry> rest, TState state, Func<TState, Entry, TState?> step) where TState : class
    {
        if (rest.All(e => e.Outcome == Outcome.Unknown)) return true;
        foreach (var next in rest)
        {
            if (rest.Any(other => other.Outcome == Outcome.Completed && other.Return < next.Call)) continue;
            if (step(state, next) is { } after && CanPlace([.. rest.Where(e => !ReferenceEquals(e, next))], after, step)) return true;
        }

        return false;
    }
}
