using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

public sealed class WatchHistoryTests : IDisposable
{
    private const string Feed = "f/";
    private static readonly (ulong, string, string?)[] All = [(1, "f/a", "1"), (2, "f/b", "2"), (3, "f/a", null), (4, "f/a", "3")];
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Watches_that_tell_what_happened_are_right() => Right([Watched(1, 0, 2, All[..2]), Watched(1, 2, 4, All[2..]), Watched(2, 1, 3, All[1..3])], All);

    [Fact]
    public void A_missing_event_is_found() => Wrong([Watched(1, 0, 3, [All[0], All[2]])], All, "event 1");

    [Fact]
    public void A_repeated_event_is_found() => Wrong([Watched(1, 0, 2, [All[0], All[0], All[1]])], All, "event 1");

    [Fact]
    public void Events_out_of_order_are_found() => Wrong([Watched(1, 0, 2, [All[1], All[0]])], All, "event 0");

    [Fact]
    public void A_bookmark_ahead_of_its_events_is_found() => Wrong([Watched(1, 0, 4, All[..3])], All, "event 3 is missing");

    [Fact]
    public void A_gap_between_two_stretches_of_a_watch_is_found() => Wrong([Watched(1, 0, 2, All[..2]), Watched(1, 3, 4, All[3..])], All, "resumed at 3");

    [Fact]
    public void An_acknowledged_write_that_no_watch_tells_is_found() => Wrong([], All[..3], "acknowledged at revision 4");

    [Fact]
    public void An_event_that_nobody_wrote_is_found() => Wrong([], [.. All, (5, "f/z", "9")], "nobody wrote");

    [Fact]
    public void Without_the_whole_history_there_is_no_verdict() => Assert.Equal(Verdict.Unknown, Judge(Writes()).Verdict);

    private void Right(Entry[] watches, (ulong, string, string?)[] whole) => Assert.Equal(Verdict.Linearizable, Judge([.. Writes(), .. watches, WholeOf(whole)]).Verdict);

    private void Wrong(Entry[] watches, (ulong, string, string?)[] whole, string mention)
    {
        var judgement = Judge([.. Writes(), .. watches, WholeOf(whole)]);
        Assert.Equal(Verdict.NotLinearizable, judgement.Verdict);
        Assert.Contains(mention, judgement.Text, StringComparison.Ordinal);
    }

    private static Entry[] Writes() =>
    [
        Entry(WatchHistory.Put, new JsonArray("f/a", "1"), 1, 0), Entry(WatchHistory.Put, new JsonArray("f/b", "2"), 2, 10),
        Entry(WatchHistory.Delete, "f/a", 3, 20), Entry(WatchHistory.Put, new JsonArray("f/a", "3"), 4, 30),
    ];

    private static Entry Watched(int watch, ulong from, ulong through, (ulong, string, string?)[] events) => Entry(WatchHistory.Watch, null, Stretch(watch, from, through, events), 100 + (long)from);

    private static Entry WholeOf((ulong, string, string?)[] events) => Entry(WatchHistory.Whole, null, Stretch(0, 0, events[^1].Item1, events), 1000);

    private static JsonObject Stretch(int watch, ulong from, ulong through, (ulong Revision, string Key, string? Value)[] events) => new()
    {
        ["watch"] = watch, ["from"] = from, ["through"] = through, ["events"] = new JsonArray([.. events.Select(e => new JsonArray(e.Revision, e.Key, e.Value))]),
    };

    private static Entry Entry(string op, JsonNode? request, JsonNode? answer, long call) =>
        new() { Client = 1, Key = Feed, Op = op, In = request, Out = answer, Call = call, Return = call + 5, Outcome = Outcome.Completed };

    private Judgement Judge(Entry[] entries)
    {
        using (var file = File.Create(_file)) HistoryFile.Write(file, entries);
        return WatchHistory.Judge(_file, CancellationToken.None);
    }
}
