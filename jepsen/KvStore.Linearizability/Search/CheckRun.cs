namespace KvStore.Linearizability.Search;

/// <summary>
/// One check: ever longer slices for all components that are not decided, in turn, so that no component waits for a harder one. When memory runs
/// out, the component that holds most is given up and the others go on.
/// </summary>
internal sealed class CheckRun
{
    private const long FirstSliceSteps = 20_000;
    private const long SliceStepsMax = 2_000_000;
    private const long CollectedAtBytes = 64 << 20;

    private readonly History _history;
    private readonly CheckLimits _limits;
    private readonly MemoryBudget _budget;
    private readonly List<Unresolved> _unresolved = [];
    private readonly Queue<ComponentCheck> _open;
    private readonly int _componentCount;
    private Violation? _violation;

    public CheckRun(History history, CheckOptions options, CancellationToken cancellation)
    {
        _history = history;
        _limits = new CheckLimits(options, cancellation);
        _budget = new MemoryBudget(options.MemoryBytesMax);
        _open = new Queue<ComponentCheck>(Partition.Of(history.Operations).Select(c => new ComponentCheck(history, c, _budget)));
        _componentCount = _open.Count;
    }

    public CheckResult Run()
    {
        while (_violation is null && _open.TryDequeue(out var component))
        {
            var limit = _limits.Reached();
            if (component.IsGivenUp) continue;
            if (component.OperationCount > ComponentPlan.OperationsMax) GiveUp(component, UnresolvedReason.TooManyOperations);
            else if (limit is not null) GiveUp(component, limit.Value);
            else RunSlice(component);
        }
        return new CheckResult
        {
            Verdict = _violation is not null ? Verdict.NotLinearizable : _unresolved.Count > 0 ? Verdict.Unknown : Verdict.Linearizable,
            History = _history,
            Violation = _violation,
            Unresolved = _unresolved,
            ComponentCount = _componentCount,
            Steps = _limits.Steps,
            PeakMemoryBytes = _budget.Peak,
        };
    }

    private void RunSlice(ComponentCheck component)
    {
        switch (RunWithinBudget(component))
        {
            case SearchStatus.Found:
                component.Close();
                break;
            case SearchStatus.Exhausted:
                foreach (var other in _open) other.Close();
                _violation = component.Explain(_limits);
                break;
            default:
                if (!component.IsGivenUp) _open.Enqueue(component);
                break;
        }
    }

    private SearchStatus RunWithinBudget(ComponentCheck component)
    {
        while (true)
        {
            var before = component.Steps;
            try
            {
                return component.Run(_limits.Slice(Math.Min(SliceStepsMax, FirstSliceSteps << Math.Min(component.Slices, 20))));
            }
            catch (MemoryBudgetException)
            {
                var heaviest = _open.Append(component).Where(c => !c.IsGivenUp).MaxBy(c => c.MemoryHeld)!;
                GiveUp(heaviest, UnresolvedReason.Memory);
                if (heaviest == component) return SearchStatus.Running;
            }
            finally
            {
                _limits.Spend(component.Steps - before);
            }
        }
    }

    private void GiveUp(ComponentCheck component, UnresolvedReason reason)
    {
        var isLarge = component.MemoryHeld > CollectedAtBytes;
        component.GiveUp();
        _unresolved.Add(new Unresolved(component.Keys, reason));
        // What the others take now must not come on top of what this one leaves behind.
        if (isLarge) GC.Collect();
    }
}
