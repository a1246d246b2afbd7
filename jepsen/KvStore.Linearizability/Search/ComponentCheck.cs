using System.Runtime.InteropServices;

namespace KvStore.Linearizability.Search;

/// <summary>The check of one component. Nothing is built before its first slice, so that a history of many keys needs the memory of those in work only.</summary>
internal sealed class ComponentCheck(History history, Component component, MemoryBudget budget)
{
    /// <summary>Limits and cancellation are looked at that often while a violation is explained.</summary>
    private const long ExplainingSliceSteps = 200_000;

    private readonly MemoryAccount _memory = new(budget);
    private ComponentPlan? _plan;
    private ComponentSearch? _search;

    public IReadOnlyList<string> Keys => component.Keys;

    public int OperationCount => component.Members.Count;

    public long Steps { get; private set; }

    /// <summary>How many slices it had.</summary>
    public int Slices { get; private set; }

    public long MemoryHeld => _memory.Held;

    /// <summary>It will stay undecided.</summary>
    public bool IsGivenUp { get; private set; }

    /// <exception cref="MemoryBudgetException">The budget is used up; it may be called again when there is more.</exception>
    public SearchStatus Run(long steps)
    {
        _plan ??= ComponentPlan.Of(history.Operations, CollectionsMarshal.AsSpan(component.Members));
        _search ??= Start(_plan.CompletedCount);
        try
        {
            return _search.Run(steps);
        }
        finally
        {
            Steps = _search.Steps;
            Slices++;
        }
    }

    /// <summary>Forgets all and stays undecided.</summary>
    public void GiveUp()
    {
        IsGivenUp = true;
        _plan = null;
        Close();
    }

    /// <summary>Forgets what was searched.</summary>
    public void Close()
    {
        _search = null;
        _memory.Close();
    }

    /// <summary>After an exhausted search: what could be placed, and what could not. Searches again, up to there, as far as the limits allow.</summary>
    public Violation Explain(CheckLimits limits)
    {
        var plan = _plan!;
        var failed = _search!;
        Invariant.That(failed.Furthest < plan.CompletedCount);
        string[] states = [.. failed.FurthestStates.Select(failed.Model.Describe)];
        var (furthest, cut) = (failed.Furthest, default(UnresolvedReason?));
        Close();
        if (failed.Model is RegisterModel { IsList: true })
        {
            (furthest, cut) = FurthestOfList(furthest, limits);
            states = [];
        }
        var prefix = default(ComponentSearch);
        if (cut is null) (prefix, cut) = Reach(furthest, limits);
        Invariant.That(prefix is not null || cut is not null);
        PlacedOperation[] placed = prefix is null ? [] : [.. prefix.Placed().Select(p => new PlacedOperation(plan.Operations[p.Operation], prefix.Model.Describe(p.State)))];
        if (states.Length == 0 && prefix is not null) states = [prefix.Model.Describe(prefix.State)];
        Close();
        var operation = plan.Operations[plan.ByReturn[furthest]];
        var neighbours = plan.Operations.Where(o => o != operation && o.Call <= operation.Return && (o.Outcome is Outcome.Unknown || o.Return >= operation.Call));
        return new Violation(component.Keys, operation, placed, states, [.. neighbours]) { CutShort = cut };
    }

    /// <summary>A list's model looks ahead to the longest read, which may be the wrong one. So ask for ever closer goals, each with the reads before it.</summary>
    private (int Furthest, UnresolvedReason? Cut) FurthestOfList(int reached, CheckLimits limits)
    {
        var (low, high) = (reached, _plan!.CompletedCount);
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            var (found, cut) = Reach(middle, limits);
            Close();
            if (cut is not null) return (low, cut);
            if (found is null) high = middle;
            else low = middle;
        }
        return (low, null);
    }

    /// <summary>A search that placed everything with a smaller return rank; null when that is impossible, or when a limit cut the search short.</summary>
    private (ComponentSearch? Found, UnresolvedReason? Cut) Reach(int goal, CheckLimits limits)
    {
        try
        {
            var search = Start(goal);
            while (true)
            {
                if (limits.Reached() is { } limit) return (null, limit);
                var before = search.Steps;
                var status = search.Run(limits.Slice(ExplainingSliceSteps));
                limits.Spend(search.Steps - before);
                if (status is not SearchStatus.Running) return (status is SearchStatus.Found ? search : null, null);
            }
        }
        catch (MemoryBudgetException)
        {
            return (null, UnresolvedReason.Memory);
        }
    }

    private ComponentSearch Start(int goal)
    {
        try
        {
            return new ComponentSearch(_plan!, ModelFor(goal), _memory, goal);
        }
        catch (MemoryBudgetException)
        {
            _memory.Close();
            throw;
        }
    }

    private IModel ModelFor(int goal)
    {
        if (component.HasTransactions) return new TransactionModel(_plan!, _memory);
        var register = new RegisterModel(_plan!, _memory);
        if (register.IsList) register.AimAt(_plan!, goal);
        return register;
    }
}
