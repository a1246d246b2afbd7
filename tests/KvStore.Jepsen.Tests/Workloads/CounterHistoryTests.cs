using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

public sealed class CounterHistoryTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void An_increment_of_unknown_outcome_explains_a_gap() =>
        Assert.Equal(Verdict.Linearizable, Judge([Incremented(1, 1, 0, 10), Unknown(2, 20, 30), Incremented(3, 3, 40, 50), Got(4, 3, 60, 70)]));

    [Fact]
    public void A_gap_without_an_unknown_increment_is_one_done_twice() =>
        Assert.Equal(Verdict.NotLinearizable, Judge([Incremented(1, 1, 0, 10), Incremented(3, 3, 40, 50)]));

    [Fact]
    public void An_unknown_increment_that_was_called_later_explains_nothing() =>
        Assert.Equal(Verdict.NotLinearizable, Judge([Incremented(1, 1, 0, 10), Incremented(3, 3, 40, 50), Unknown(2, 60, 70)]));

    [Fact]
    public void The_same_answer_twice_is_a_lost_increment() =>
        Assert.Equal(Verdict.NotLinearizable, Judge([Incremented(1, 1, 0, 10), Incremented(2, 1, 20, 30)]));

    [Fact]
    public void A_get_of_what_was_before_a_returned_increment_is_stale() =>
        Assert.Equal(Verdict.NotLinearizable, Judge([Incremented(1, 1, 0, 10), Incremented(1, 2, 20, 30), Got(2, 1, 40, 50)]));

    [Fact]
    public void A_broken_line_is_named()
    {
        File.WriteAllLines(_file, ["""{"client":1,"key":"k","op":"incr","in":1,"out":1,"call":0,"return":1,"ok":true}""", """{"client":1,"key":"k","op":"put","in":1,"out":null,"call":2,"return":3,"ok":true}"""]);
        var e = Assert.Throws<UsageException>(() => CounterHistory.Judge(_file, CancellationToken.None));
        Assert.Equal($"{_file}:2: a counter has no operation \"put\"", e.Message);
    }

    [Fact]
    public void On_random_small_histories_it_says_what_the_definition_says()
    {
        var random = new Random(11);
        var seen = new HashSet<Verdict>();
        for (var i = 0; i < 600; i++)
        {
            var entries = RandomHistory(random);
            var expected = BruteForce.IsLinearizable(entries, "0", Step) ? Verdict.Linearizable : Verdict.NotLinearizable;
            Assert.True(expected == Judge(entries), $"history {i}: expected {expected}:\n{string.Join('\n', entries)}");
            seen.Add(expected);
        }

        Assert.Equal(2, seen.Count);
    }

    // The state is the number, "0" for a counter that is not there.
    private static string? Step(string state, Entry entry)
    {
        var value = long.Parse(state, System.Globalization.CultureInfo.InvariantCulture);
        if (entry.Op == CounterHistory.Get) return (entry.Out is { } found ? found.GetValue<long>() : 0) == value ? state : null;
        return entry.Outcome == Outcome.Unknown || entry.Out!.GetValue<long>() == value + 1 ? $"{value + 1}" : null;
    }

    private static List<Entry> RandomHistory(Random random)
    {
        var entries = new List<Entry>();
        for (var client = 1; client <= random.Next(1, 7); client++)
        {
            var call = random.Next(12);
            var end = call + random.Next(6);
            entries.Add(random.Next(4) switch
            {
                0 => Unknown(client, call, end),
                1 => Got(client, random.Next(4) is var v and > 0 ? v : null, call, end),
                _ => Incremented(client, random.Next(1, 5), call, end),
            });
        }

        return entries;
    }

    private static Entry Incremented(int client, long value, long call, long end) => Of(client, CounterHistory.Increment, call, end) with { Out = value, Outcome = Outcome.Completed };

    private static Entry Unknown(int client, long call, long end) => Of(client, CounterHistory.Increment, call, end);

    private static Entry Got(int client, long? value, long call, long end) => Of(client, CounterHistory.Get, call, end) with { Out = value, Outcome = Outcome.Completed };

    private static Entry Of(int client, string op, long call, long end) => new() { Client = client, Key = "k", Op = op, Call = call, Return = end };

    private Verdict Judge(IEnumerable<Entry> entries)
    {
        using (var file = File.Create(_file)) HistoryFile.Write(file, entries);
        return CounterHistory.Judge(_file, CancellationToken.None).Verdict;
    }
}
