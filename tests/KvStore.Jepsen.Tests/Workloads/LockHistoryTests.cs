using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

public sealed class LockHistoryTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Sections_one_after_the_other_pass()
    {
        var judgement = Lock(Acquired(5, 0, 10), Wrote("1 by 5", 5, 1, 20, 30), Acquired(8, 40, 50), Wrote("2 by 8", 8, 2, 60, 70), Refused(5, 80, 90));
        Assert.Equal(Verdict.Linearizable, judgement.Verdict);
        Assert.Contains("2 critical sections, 2 writes accepted, 1 refused", judgement.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_older_token_that_is_accepted_after_a_newer_acquisition_is_wrong() =>
        Wrong(Lock(Acquired(5, 0, 10), Acquired(8, 40, 50), Wrote("1 by 5", 5, 1, 60, 70)), "called after the lock had been acquired with token 8");

    [Fact]
    public void An_older_token_behind_a_newer_one_is_wrong_whenever_it_was_called() =>
        Wrong(Lock(Acquired(5, 0, 10), Wrote("2 by 5", 5, 2, 20, 90), Acquired(8, 40, 50), Wrote("1 by 8", 8, 1, 60, 70)), "after it had been with 8");

    [Fact]
    public void A_lost_update_is_wrong() => Wrong(Lock(Acquired(5, 0, 10), Wrote("1 by 5", 5, 1, 20, 90), Acquired(8, 40, 50), Wrote("1 by 8", 8, 2, 60, 70)), "set to 1 twice");

    [Fact]
    public void Tokens_that_go_back_are_wrong() => Wrong(Lock(Acquired(8, 0, 10), Acquired(5, 40, 50)), "was given with token 5");

    [Fact]
    public void Writes_that_overlap_an_acquisition_may_still_be_accepted() =>
        Assert.Equal(Verdict.Linearizable, Lock(Acquired(5, 0, 10), Wrote("1 by 5", 5, 1, 20, 90), Acquired(8, 40, 50), Wrote("2 by 8", 8, 2, 95, 99)).Verdict);

    [Fact]
    public void A_refused_write_that_is_read_is_wrong() =>
        Wrong(Lock(Acquired(5, 0, 10), Wrote("1 by 5", 5, 1, 20, 30), Refused(5, 40, 50), Read("x", 60, 70)), "cannot be placed");

    [Fact]
    public void A_broken_line_is_named() => Assert.Contains(":1:", Assert.Throws<UsageException>(() => Lock(Acquired(5, 0, 10) with { Out = "x" })).Message, StringComparison.Ordinal);

    [Fact]
    public void A_leader_that_is_seen_after_a_newer_one_is_wrong()
    {
        Wrong(Election(Elected(5, 0, 10), Elected(8, 20, 30), Seen(5, "v5", 40, 50)), "though token 8 had led before");
        Wrong(Election(Elected(5, 0, 10), Elected(8, 20, 30), Proclaimed(5, "x", 40, 50)), "though token 8 had led before");
        Wrong(Election(Elected(5, 0, 10), Seen(5, "nobody's", 40, 50)), "which nobody gave");
        Assert.Equal(Verdict.Linearizable, Election(Elected(5, 0, 10), Proclaimed(5, "x", 11, 12), Seen(5, "x", 13, 14), Elected(8, 20, 30), Seen(8, "v8", 40, 50)).Verdict);
    }

    private static void Wrong(Judgement judgement, string reason)
    {
        Assert.Equal(Verdict.NotLinearizable, judgement.Verdict);
        Assert.Contains(reason, judgement.Text, StringComparison.Ordinal);
    }

    private Judgement Lock(params Entry[] entries) => Judge(entries, LockHistory.Judge);

    private Judgement Election(params Entry[] entries) => Judge(entries, ElectionHistory.Judge);

    private Judgement Judge(Entry[] entries, Func<string, CancellationToken, Judgement> judge)
    {
        using (var stream = File.Create(_file)) HistoryFile.Write(stream, entries);
        return judge(_file, CancellationToken.None);
    }

    private static Entry Acquired(ulong token, long call, long at) => new() { Client = (int)token, Key = "the lock", Op = LockHistory.Acquire, Out = token, Call = call, Return = at, Outcome = Outcome.Completed };

    private static Entry Wrote(string value, ulong token, ulong revision, long call, long at) => new()
    {
        Client = (int)token, Key = "a", Op = LockHistory.Write, In = Request(value, token), Out = revision, Call = call, Return = at, Outcome = Outcome.Completed,
    };

    private static Entry Refused(ulong token, long call, long at) =>
        new() { Client = (int)token, Key = "a", Op = LockHistory.Write, In = Request("x", token), Call = call, Return = at, Outcome = Outcome.Failed, Error = "fenced" };

    private static Entry Read(string value, long call, long at) => new() { Client = 99, Key = "a", Op = LockHistory.Get, Out = value, Call = call, Return = at, Outcome = Outcome.Completed };

    private static JsonObject Request(string value, ulong token) => new() { ["lock"] = "the lock", ["token"] = token, ["value"] = value };

    private static Entry Elected(ulong token, long call, long at) =>
        new() { Client = (int)token, Key = "e", Op = ElectionHistory.Campaign, In = $"v{token}", Out = token, Call = call, Return = at, Outcome = Outcome.Completed };

    private static Entry Proclaimed(ulong token, string value, long call, long at) => new()
    {
        Client = (int)token, Key = "e", Op = ElectionHistory.Proclaim, In = new JsonObject { ["token"] = token, ["value"] = value }, Call = call, Return = at, Outcome = Outcome.Completed,
    };

    private static Entry Seen(ulong token, string value, long call, long at) => new()
    {
        Client = 99, Key = "e", Op = ElectionHistory.Leader, Out = new JsonObject { ["token"] = token, ["value"] = value }, Call = call, Return = at, Outcome = Outcome.Completed,
    };
}
