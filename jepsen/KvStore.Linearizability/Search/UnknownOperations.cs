namespace KvStore.Linearizability.Search;

/// <summary>
/// The operations of unknown outcome that a search may use, in order of call. Of operations that do the same, the one called first is used first:
/// neither has a deadline, so the other order adds nothing.
/// </summary>
internal sealed class UnknownOperations
{
    private readonly int[] _numbers;
    private readonly long[] _calls;
    private readonly int[] _alikeBefore;
    private readonly ulong[] _used;

    public UnknownOperations(ComponentPlan plan, IModel model)
    {
        var numbers = new List<int>();
        for (var number = plan.CompletedCount; number < plan.Operations.Length; number++)
        {
            if (!model.IsUseless(number)) numbers.Add(number);
        }
        _numbers = [.. numbers];
        _calls = new long[_numbers.Length];
        _alikeBefore = new int[_numbers.Length];
        _used = new ulong[(_numbers.Length + 63) / 64];
        var last = new Dictionary<int, int>(new Alike(model));
        for (var i = 0; i < _numbers.Length; i++)
        {
            _calls[i] = plan.Operations[_numbers[i]].Call;
            _alikeBefore[i] = last.GetValueOrDefault(_numbers[i], -1);
            last[_numbers[i]] = i;
        }
    }

    public int Count => _numbers.Length;

    /// <summary>One bit for each; those used so far.</summary>
    public ReadOnlySpan<ulong> Used => _used;

    public int NumberOf(int index) => _numbers[index];

    public bool IsCalledBy(int index, long time) => _calls[index] <= time;

    public bool IsReady(int index) => !IsUsed(index) && (_alikeBefore[index] < 0 || IsUsed(_alikeBefore[index]));

    public void Use(int index) => _used[index >> 6] |= 1UL << index;

    public void PutBack(int index) => _used[index >> 6] &= ~(1UL << index);

    private bool IsUsed(int index) => (_used[index >> 6] & (1UL << index)) != 0;

    private sealed class Alike(IModel model) : IEqualityComparer<int>
    {
        public bool Equals(int left, int right) => model.AreAlike(left, right);

        public int GetHashCode(int operation) => model.AlikeHash(operation);
    }
}
