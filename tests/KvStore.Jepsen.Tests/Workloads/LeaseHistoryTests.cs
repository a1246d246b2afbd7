using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Jepsen.Workloads;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Tests.Workloads;

/// <summary>The check of the lease workload on histories known to be good and known to be broken. Times in seconds.</summary>
public sealed class LeaseHistoryTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_life_from_grant_to_end_is_fine() =>
        Assert.Equal(Verdict.Linearizable, Judge(Granted(0, 1), Put(1, 2, true), Read(3, 4, true), Renewed(5, 6, true), Read(14, 14.2, true), Read(15.1, 15.2, false), Renewed(16, 17, false), Final(30, 31, false)));

    [Fact]
    public void A_key_that_is_gone_too_early_is_found() => Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Put(1, 2, true), Renewed(5, 6, true), Read(14, 14.2, false)));

    [Fact]
    public void A_renewal_that_is_refused_too_early_is_found() => Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Renewed(9, 9.4, false)));

    [Fact]
    public void A_put_that_is_refused_too_early_is_found() => Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Put(2, 3, false)));

    [Fact]
    public void Nothing_is_certain_from_the_call_of_a_revocation_on() =>
        Assert.Equal(Verdict.Linearizable, Judge(Granted(0, 1), Put(1, 2, true), Revoked(3, 10, Outcome.Unknown), Read(4, 5, false)));

    [Fact]
    public void A_revocation_that_certainly_failed_explains_nothing() =>
        Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Put(1, 2, true), Revoked(3, 4, Outcome.Failed), Read(4, 5, false)));

    [Fact]
    public void A_renewal_of_unknown_outcome_makes_nothing_certain() =>
        Assert.Equal(Verdict.Linearizable, Judge(Granted(0, 1), Put(1, 2, true), Renewed(5, 6, true) with { Outcome = Outcome.Unknown, Out = null }, Read(9.4, 9.6, false)));

    [Fact]
    public void A_key_that_was_never_put_may_be_missing() => Assert.Equal(Verdict.Linearizable, Judge(Granted(0, 1), Read(2, 3, false)));

    [Fact]
    public void A_renewal_after_a_refusal_or_a_revocation_is_found()
    {
        Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Renewed(11, 12, false), Renewed(13, 14, true)));
        Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Revoked(2, 3), Renewed(4, 5, true)));
    }

    [Fact]
    public void A_key_that_is_left_at_the_end_is_found() => Assert.Equal(Verdict.NotLinearizable, Judge(Granted(0, 1), Put(1, 2, true), Final(100, 101, true)));

    [Fact]
    public void A_broken_line_is_named()
    {
        File.WriteAllLines(_file, ["""{"client":1,"key":"k","op":"grant","in":1000,"out":"1","call":0,"return":1,"ok":true}""", """{"client":1,"key":"k","op":"cas","in":1,"out":null,"call":2,"return":3,"ok":true}"""]);
        var e = Assert.Throws<UsageException>(() => LeaseHistory.Judge(_file, CancellationToken.None));
        Assert.Equal($"{_file}:2: a lease has no operation \"cas\"", e.Message);
    }

    private Verdict Judge(params Entry[] entries)
    {
        using (var file = File.Create(_file)) HistoryFile.Write(file, entries);
        return LeaseHistory.Judge(_file, CancellationToken.None).Verdict;
    }

    /// <summary>For ten seconds.</summary>
    private static Entry Granted(double call, double end) => Entry(LeaseHistory.Grant, call, end, "1") with { In = 10_000 };

    private static Entry Put(double call, double end, bool found) => Entry(LeaseHistory.Put, call, end, found);

    private static Entry Renewed(double call, double end, bool found) => Entry(LeaseHistory.Renew, call, end, found);

    private static Entry Read(double call, double end, bool found) => Entry(LeaseHistory.Read, call, end, found);

    private static Entry Final(double call, double end, bool found) => Entry(LeaseHistory.FinalRead, call, end, found);

    private static Entry Revoked(double call, double end, Outcome outcome = Outcome.Completed) => Entry(LeaseHistory.Revoke, call, end, outcome == Outcome.Completed ? true : null) with { Outcome = outcome };

    private static Entry Entry(string op, double call, double end, JsonNode? answer) =>
        new() { Client = 1, Key = "lease", Op = op, Out = answer, Call = (long)(call * 1e9), Return = (long)(end * 1e9), Outcome = Outcome.Completed };
}
