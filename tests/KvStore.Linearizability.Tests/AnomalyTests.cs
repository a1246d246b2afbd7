using KvStore.Linearizability.Anomalies;

namespace KvStore.Linearizability.Tests;

/// <summary>Each anomaly in the smallest history that has it, and none in histories that are strictly serializable.</summary>
public sealed class AnomalyTests
{
    private static readonly TransactionStep[] Nothing = [];

    private static Operation Transact(int client, long call, long at, params (TransactionStep Step, Value Result)[] steps) =>
        Operation.Transact(client, new Transaction([], [.. steps.Select(s => s.Step)], Nothing), call)
            .ReturnedResult(new TransactionResult(TransactionBranch.Then, [.. steps.Select(s => new StepResult(s.Result))]), at);

    private static (TransactionStep, Value) Put(string key, string value) => (TransactionStep.Put(key, value), Value.Absent);

    private static (TransactionStep, Value) Get(string key, string? value) => (TransactionStep.Get(key), value);

    private static Operation Read(int client, string key, string value, long call) => Operation.Get(client, key, call).ReturnedValue(value, call + 1);

    public static TheoryData<AnomalyKind, Operation[]> Histories() => new()
    {
        {
            AnomalyKind.DirtyWrite,
            [
                Transact(1, 0, 10, Put("x", "1"), Put("y", "1")), Transact(2, 0, 10, Put("x", "2"), Put("y", "2")),
                Read(3, "x", "2", 2), Read(3, "x", "1", 12), Read(4, "y", "1", 4), Read(4, "y", "2", 14),
            ]
        },
        {
            AnomalyKind.DirtyRead,
            [Operation.Transact(1, new Transaction([], [TransactionStep.Put("x", "1"), TransactionStep.Put("y", "1")], Nothing), 0).Failed(5), Transact(2, 6, 7, Get("x", "1"), Get("y", null))]
        },
        {
            AnomalyKind.DirtyRead,
            [Transact(1, 0, 5, Put("x", "1"), Put("x", "2")), Transact(2, 1, 4, Get("x", "1"))]
        },
        {
            AnomalyKind.CircularFlow,
            [Transact(1, 0, 5, Put("x", "1"), Get("y", "1")), Transact(2, 0, 5, Put("y", "1"), Get("x", "1"))]
        },
        {
            AnomalyKind.LostUpdate,
            [Transact(1, 0, 1, Put("x", "0")), Transact(1, 2, 9, Get("x", "0"), Put("x", "1")), Transact(2, 2, 9, Get("x", "0"), Put("x", "2"))]
        },
        {
            AnomalyKind.LostUpdate,
            [
                Operation.Put(1, "x", "0", 0).Returned(1), Operation.CompareAndSwap(1, "x", "0", "1", 2).Swapped(9),
                Operation.Transact(2, new Transaction([new KeyComparison("x", "0")], [TransactionStep.Put("x", "2"), TransactionStep.Put("y", "2")], Nothing), 2)
                    .ReturnedResult(new TransactionResult(TransactionBranch.Then, [default, default]), 9),
            ]
        },
        {
            AnomalyKind.ReadSkew,
            [Transact(1, 0, 1, Put("x", "0"), Put("y", "0")), Transact(1, 2, 9, Put("x", "1"), Put("y", "1")), Transact(2, 2, 9, Get("x", "0"), Get("y", "1"))]
        },
        {
            AnomalyKind.WriteSkew,
            [
                Transact(1, 0, 1, Put("x", "0"), Put("y", "0")), Transact(1, 2, 9, Get("x", "0"), Get("y", "0"), Put("x", "1")),
                Transact(2, 2, 9, Get("x", "0"), Get("y", "0"), Put("y", "1")),
            ]
        },
        {
            AnomalyKind.Phantom,
            [Transact(1, 0, 9, Get("room/1", null), Get("room/2", null), Put("room/1", "a")), Transact(2, 0, 9, Get("room/1", null), Get("room/2", null), Put("room/2", "b"))]
        },
    };

    [Theory]
    [MemberData(nameof(Histories))]
    public void A_history_made_to_have_it_is_named(AnomalyKind kind, Operation[] operations)
    {
        var result = LinearizabilityChecker.Check(History.Of(operations));
        Assert.Equal(Verdict.NotLinearizable, result.Verdict);
        Assert.Equal(kind, result.FindAnomalies()[0].Kind);
        Assert.Contains($"\n{result.FindAnomalies()[0]}", result.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_description_tells_who_and_why()
    {
        Operation[] skewed = [Transact(1, 0, 1, Put("x", "0"), Put("y", "0")), Transact(1, 2, 9, Put("x", "1"), Put("y", "1")), Transact(2, 3, 9, Get("x", "0"), Get("y", "1"))];
        var lines = AnomalyFinder.Find(skewed)[0].ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal("read skew", lines[0]);
        Assert.EndsWith("it read \"x\" = \"0\", before the \"1\" of client 1 at 2", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("its \"y\" = \"1\" was read by client 2 at 3", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_that_forgot_an_element_is_a_lost_update()
    {
        Operation[] lists =
        [
            Transact(1, 0, 1, Get("l", null), Put("l", "1")), Transact(2, 2, 9, Get("l", "1"), Put("l", "1,2")), Transact(3, 2, 9, Get("l", "1"), Put("l", "1,3")), Read(1, "l", "1,3", 12),
        ];
        Assert.Equal(AnomalyKind.LostUpdate, AnomalyFinder.Find(lists)[0].Kind);
    }

    [Fact]
    public void Nothing_is_named_in_linearizable_histories()
    {
        var traced = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var shape = new HistoryShape
            {
                Operations = 60, Clients = 6, Keys = 3, Kinds = [OperationKind.Get, OperationKind.Put, OperationKind.CompareAndSwap, OperationKind.Transaction], UnknownPercent = 10, FailedPercent = 10,
            };
            var history = new HistoryGenerator(seed).Legal(shape);
            Assert.True(AnomalyFinder.Find(history) is [], $"seed {seed}: {AnomalyFinder.Find(history).FirstOrDefault()}");
            traced += history.Count(o => o.Transaction is not null && o.Outcome == Outcome.Completed);
        }
        Assert.True(traced > 1000, $"{traced} transactions");
    }
}
