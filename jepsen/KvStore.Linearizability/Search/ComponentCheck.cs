using System.Runtime.InteropServices;

namespace KvStore.Linearizability.Search;

/// <summary>The check of one component. Nothing is built before its first slice, so that a history of many keys needs the memory of those in work only.</summary>
internal sealed class ComponentCheck(History history, Component component, MemoryBudget budget)
{
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

    /// <summary>After an exhausted search: what could be placed, and what could not. Searches again, up to there.</summary>
    public Violation Explain()
    {
        var plan = _plan!;
        var failed = _search!;
        Invariant.That(failed.Furthest < plan.CompletedCount);
        var describe = failed.Model;
        string[] states = [.. failed.FurthestStates.Select(describe.Describe)];
        var furthest = failed.Furthest;
        Close();
        if (describe is RegisterModel { IsList: true })
        {
            furthest = FurthestOfList(furthest);
            states = [];
        }
        var prefix = Reach(furthest) ?? throw new InvalidOperationException("Invariant broken in the checker: a search could not be repeated");
        var placed = prefix.Placed().Select(p => new PlacedOperation(plan.Operations[p.Operation], prefix.Model.Describe(p.State))).ToList();
        if (states.Length == 0) states = [prefix.Model.Describe(prefix.State)];
        Close();
        var operation = plan.Operations[plan.ByReturn[furthest]];
        var neighbours = plan.Operations.Where(o => o != operation && o.Call <= operation.Return && (o.Outcome is Outcome.Unknown || o.Return >= operation.Call));
        return new Violation(component.Keys, operation, placed, states, [.. neighbours]);
    }

    /// <summary>A list's model looks ahead to the longest read, which may be the wrong one. So ask for ever closer goals, each with the reads before it.</summary>
    private int FurthestOfList(int reached)
    {
        var (low, high) = (reached, _plan!.CompletedCount);
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (Reach(middle) is null) high = middle;
            else low = middle;
            Close();
        }
        return low;
    }

    /// <summary>A search that placed everything with a smaller return rank, or null when that is impossible (or does not fit the budget).</summary>
    private ComponentSearch? Reach(int goal)
    {
        try
        {
            var search = Start(goal);
            return search.Run(long.MaxValue / 2) is SearchStatus.Found ? search : null;
        }
        catch (MemoryBudgetException)
        {
            return null;
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
