using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;

namespace KvStore.Linearizability.Tests;

public sealed class RandomHistoriesTests(ITestOutputHelper output)
{
    private static readonly OperationKind[] Register = [OperationKind.Get, OperationKind.Get, OperationKind.Put, OperationKind.CompareAndSwap, OperationKind.Delete];

    private static readonly OperationKind[][] Mixes =
    [
        Register,
        [OperationKind.Get, OperationKind.Put],
        [OperationKind.Get, OperationKind.Append],
        [OperationKind.Get, OperationKind.Get, OperationKind.Append, OperationKind.Put, OperationKind.Delete],
        [OperationKind.Get, OperationKind.Put, OperationKind.Transaction],
        [.. Register, OperationKind.Append, OperationKind.Transaction],
    ];

    /// <summary>Each seed is one history, one mutation of it, and the comparison of both with the definition.</summary>
    [Fact]
    public void Small_histories_get_the_verdict_of_the_definition()
    {
        var (legal, illegal) = (0, 0);
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            foreach (var history in SmallHistories(seed))
            {
                var expected = BruteForce.IsLinearizable(history);
                if (expected) legal++;
                else illegal++;
                var result = LinearizabilityChecker.Check(History.Of(history));
                if (result.Verdict != (expected ? Verdict.Linearizable : Verdict.NotLinearizable)) return false;
                if (!expected && !IsRightPlace(history, result)) return false;
            }
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(4000).WithEndSize(1_000_000));

        output.WriteLine($"{legal} legal, {illegal} illegal");
        Assert.True(illegal > 500, $"only {illegal} of the mutations were illegal");
    }

    [Fact]
    public void Generated_histories_are_legal_by_the_definition()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            Assert.True(BruteForce.IsLinearizable(new HistoryGenerator(seed).Legal(Small(seed))), $"seed {seed}");
        }
    }

    [Fact]
    public void A_hundred_thousand_operations_of_fifty_clients_on_a_hundred_keys_are_linearizable()
    {
        var shape = new HistoryShape { Operations = 100_000, Clients = 50, Keys = 100, Kinds = Register, UnknownPercent = 1, FailedPercent = 1 };
        var history = History.Of(new HistoryGenerator(1).Legal(shape));

        var started = Stopwatch.GetTimestamp();
        var result = LinearizabilityChecker.Check(history);

        output.WriteLine($"{Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms, {result.Steps} steps, {result.PeakMemoryBytes} bytes");
        Assert.Equal(Verdict.Linearizable, result.Verdict);
        Assert.Equal(100, result.ComponentCount);
    }

    [Fact]
    public void One_stale_read_among_a_hundred_thousand_operations_is_found()
    {
        var shape = new HistoryShape { Operations = 100_000, Clients = 50, Keys = 100, Kinds = [OperationKind.Get, OperationKind.Put] };
        var operations = new HistoryGenerator(2).Legal(shape);
        var at = operations.FindIndex(60_000, o => o.Kind is OperationKind.Get && !o.Result.IsAbsent);
        operations[at] = operations[at] with { Result = operations.First(o => o.Kind is OperationKind.Get && o.Key == operations[at].Key && !o.Result.IsAbsent).Result };

        var result = LinearizabilityChecker.Check(History.Of(operations));

        Assert.Equal(Verdict.NotLinearizable, result.Verdict);
        Assert.Equal(operations[at].Key, result.Key);
        Assert.Equal(operations[at], result.Operation);
    }

    private static IEnumerable<List<Operation>> SmallHistories(int seed)
    {
        var shape = Small(seed);
        var generator = new HistoryGenerator(seed);
        var legal = generator.Legal(shape);
        yield return legal;
        yield return generator.Mutated(legal, shape);
    }

    private static HistoryShape Small(int seed)
    {
        var random = new Random(seed);
        return new HistoryShape
        {
            Operations = random.Next(1, 8),
            Clients = random.Next(1, 5),
            Keys = random.Next(1, 3),
            Values = random.Next(0, 4),
            Kinds = Mixes[random.Next(Mixes.Length)],
            UnknownPercent = random.Next(2) * 30,
            FailedPercent = random.Next(2) * 10,
            DelayMax = random.Next(2) == 0 ? 3 : 20,
        };
    }

    /// <summary>The operation returns at the first moment at which the component cannot be ordered, and what is shown as its prefix can be.</summary>
    private static bool IsRightPlace(List<Operation> history, CheckResult result)
    {
        var keys = result.Violation!.Keys.ToHashSet();
        var component = history.Where(o => o.Transaction is null ? keys.Contains(o.Key) : o.Transaction.Keys.Any(keys.Contains)).ToList();
        var prefix = result.Violation.LongestPrefix.Select(p => p.Operation).ToHashSet(ReferenceEqualityComparer.Instance);
        return result.Operation!.Return == BruteForce.FirstBrokenReturn(component)
            && !prefix.Contains(result.Operation)
            && component.Where(o => o.Outcome is Outcome.Completed && o.Return < result.Operation.Return).All(prefix.Contains);
    }
}
