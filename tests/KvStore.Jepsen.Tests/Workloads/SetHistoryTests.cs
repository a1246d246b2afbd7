using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

public sealed class SetHistoryTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_read_that_misses_an_added_element_is_wrong_and_drawn()
    {
        var judgement = Judge([Added(1, 7, 0, 10), Read(2, [], 20, 30)]);
        Assert.Equal(Verdict.NotLinearizable, judgement.Verdict);
        Assert.Contains("missed 7", judgement.Text, StringComparison.Ordinal);
        Assert.Equal(20, judgement.Drawn.Operation!.Call);
    }

    [Fact]
    public void An_element_of_unknown_outcome_may_appear_but_not_vanish_again()
    {
        Assert.Equal(Verdict.Linearizable, Judge([Unknown(1, 7, 0, 10), Read(2, [], 20, 30), Read(2, [7], 40, 50)]).Verdict);
        Assert.Equal(Verdict.NotLinearizable, Judge([Unknown(1, 7, 0, 10), Read(2, [7], 20, 30), Read(2, [], 40, 50)]).Verdict);
    }

    [Fact]
    public void Two_reads_that_each_miss_what_the_other_has_are_no_snapshots() =>
        Assert.Equal(Verdict.NotLinearizable, Judge([Added(1, 1, 0, 50), Added(2, 2, 0, 50), Read(3, [1], 5, 40), Read(4, [2], 5, 40)]).Verdict);

    [Fact]
    public void An_element_that_nobody_added_is_wrong() => Assert.Equal(Verdict.NotLinearizable, Judge([Read(1, [9], 0, 10)]).Verdict);

    [Fact]
    public void On_random_small_histories_it_says_what_the_definition_says()
    {
        var random = new Random(5);
        var seen = new Dictionary<Verdict, int>();
        for (var i = 0; i < 900; i++)
        {
            var entries = RandomHistory(random);
            var expected = BruteForce.IsLinearizable(entries, "", Step) ? Verdict.Linearizable : Verdict.NotLinearizable;
            Assert.True(expected == Judge(entries).Verdict, $"history {i}: expected {expected}:\n{string.Join('\n', entries)}");
            seen[expected] = seen.GetValueOrDefault(expected) + 1;
        }

        Assert.True(seen.Count == 2 && seen.Values.All(n => n > 50), string.Join(", ", seen));
    }

    // The state is the elements in order, as digits.
    private static string? Step(string state, Entry entry)
    {
        if (entry.Op == SetHistory.Add) return new string([.. state.Append((char)('0' + entry.In!.GetValue<int>())).Order()]);
        return new string([.. entry.Out!.AsArray().Select(n => (char)('0' + n!.GetValue<int>())).Order()]) == state ? state : null;
    }

    private static List<Entry> RandomHistory(Random random)
    {
        var entries = new List<Entry>();
        var elements = random.Next(1, 4);
        for (var element = 1; element <= elements; element++)
        {
            var call = random.Next(12);
            entries.Add(random.Next(3) == 0 ? Unknown(element, element, call, call + random.Next(8)) : Added(element, element, call, call + random.Next(8)));
        }

        for (var client = 10; client < 10 + random.Next(1, 4); client++)
        {
            var call = random.Next(14);
            entries.Add(Read(client, [.. Enumerable.Range(1, elements).Where(_ => random.Next(2) == 0)], call, call + random.Next(8)));
        }

        return entries;
    }

    private static Entry Added(int client, int element, long call, long end) => Unknown(client, element, call, end) with { Outcome = Outcome.Completed };

    private static Entry Unknown(int client, int element, long call, long end) => new() { Client = client, Key = "s", Op = SetHistory.Add, In = element, Call = call, Return = end };

    private static Entry Read(int client, int[] elements, long call, long end) =>
        new() { Client = client, Key = "s", Op = SetHistory.Read, Out = new JsonArray([.. elements.Select(e => JsonValue.Create(e))]), Call = call, Return = end, Outcome = Outcome.Completed };

    private Judgement Judge(IEnumerable<Entry> entries)
    {
        using (var file = File.Create(_file)) HistoryFile.Write(file, entries);
        return SetHistory.Judge(_file, CancellationToken.None);
    }
}
