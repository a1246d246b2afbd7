using KvStore.Linearizability.Search;

namespace KvStore.Linearizability.Tests;

/// <summary>
/// The memory of a search stores which operations are placed as a window of 64-operation words. It once stored an empty window, and so took configurations
/// with the same state and different operations placed for one.
/// </summary>
public sealed class VisitedSetTests
{
    /// <summary>The put first leads nowhere, the cas first is right, and both leave the same state.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    public void Two_operations_that_leave_the_same_state_are_told_apart(int before)
    {
        var put = Operation.Put(1, "k0", "same", call: 1_000_000).Returned(at: 1_000_100);
        var swap = Operation.CompareAndSwap(2, "k0", Value.Absent, "same", call: 1_000_000).Swapped(at: 1_000_100);

        var result = LinearizabilityChecker.Check(History.Of([.. Before(before), put, swap]));

        Assert.Equal(Verdict.Linearizable, result.Verdict);
    }

    [Fact]
    public void Configurations_with_an_empty_window_are_told_apart_by_place_state_and_unknown_operations()
    {
        var visited = new VisitedSet(new MemoryAccount(new MemoryBudget(1 << 20)), unknownWords: 1);

        Assert.True(visited.TryAdd(1, [], [2], state: 5));
        Assert.False(visited.TryAdd(1, [], [2], state: 5));
        Assert.False(visited.TryAdd(1, [], [3], state: 5));
        Assert.True(visited.TryAdd(1, [], [1], state: 5));
        Assert.True(visited.TryAdd(1, [], [2], state: 6));
        Assert.True(visited.TryAdd(2, [], [2], state: 5));
        Assert.True(visited.TryAdd(1, [2], [2], state: 5));
        Assert.False(visited.TryAdd(1, [2], [2], state: 5));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Visited_configurations_are_those_of_a_plain_list(int unknownWords)
    {
        var random = new Random(unknownWords);
        var visited = new VisitedSet(new MemoryAccount(new MemoryBudget(64 << 20)), unknownWords);
        var known = new Dictionary<(int First, string Window, int State), List<ulong[]>>();
        for (var i = 0; i < 20_000; i++)
        {
            var (first, state) = (random.Next(3), random.Next(4));
            var window = Words(random, random.Next(3));
            var unknown = Words(random, unknownWords);
            var key = (first, string.Join(',', window), state);
            if (!known.TryGetValue(key, out var used)) known[key] = used = [];
            var isNew = !used.Exists(u => u.Zip(unknown).All(w => (w.First & ~w.Second) == 0));

            Assert.Equal(isNew, visited.TryAdd(first, window, unknown, state));

            if (isNew) used.Add(unknown);
        }
    }

    [Fact]
    public void Small_histories_keep_the_verdict_of_the_definition_behind_a_number_of_operations_near_a_word_border()
    {
        var illegal = 0;
        for (var seed = 0; seed < 600; seed++)
        {
            var shape = new HistoryShape
            {
                Operations = 6, Clients = 3, Keys = 1, Values = 2, UnknownPercent = seed % 2 * 30,
                Kinds = [OperationKind.Get, OperationKind.Put, OperationKind.CompareAndSwap, OperationKind.Delete],
            };
            var generator = new HistoryGenerator(seed);
            var suffix = generator.Mutated(generator.Legal(shape), shape);
            var isLegal = BruteForce.IsLinearizable(suffix);
            if (!isLegal) illegal++;
            foreach (var before in (int[])[62, 63, 64, 65, 128])
            {
                var result = LinearizabilityChecker.Check(History.Of([.. Before(before), .. suffix.Select(o => Later(o, 1_000_000))]));
                Assert.True(isLegal == result.Verdict is Verdict.Linearizable, $"seed {seed} behind {before} operations: {result}");
            }
        }
        Assert.InRange(illegal, 100, 500);
    }

    private static ulong[] Words(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (ulong)random.Next(8))];

    /// <summary>So many operations one after another that leave the key absent, as the brute force has it at the start.</summary>
    private static IEnumerable<Operation> Before(int count)
    {
        if (count == 0) yield break;
        for (var i = 0; i < count - 1; i++) yield return Operation.Put(1000, "k0", i, call: i * 10).Returned((i * 10) + 5);
        yield return Operation.Delete(1000, "k0", call: count * 10).Existed((count * 10) + 5);
    }

    private static Operation Later(Operation operation, long by) => operation with { Call = operation.Call + by, Return = operation.Return + by };
}
