using KvStore.Node.Leases;
using KvStore.Simulation.Checks;

namespace KvStore.Simulation.Tests.Checks;

public class ElectionCheckTests
{
    private const long Second = 1_000_000_000;

    private readonly Findings _findings = new(static () => { });
    private readonly ElectionCheck _check;
    private readonly Candidacy _first, _second;

    /// <summary>Two leaders, one after the other: the first one wins with token 5 at 2 s and resigns at 10 s, the second one wins with token 8 at 12 s.</summary>
    public ElectionCheckTests()
    {
        _check = new ElectionCheck("e", trustsLeases: true, _findings);
        _first = Won(1, 5, called: 1, won: 2);
        _first.Confirmed = 9 * Second;
        (_first.EndCalled, _first.TokenEnded) = (10 * Second, 11 * Second);
        _second = Won(2, 8, called: 3, won: 12);
    }

    private Candidacy Won(ulong lease, ulong token, int called, int won)
    {
        var candidacy = _check.Campaign(new LeaseId(lease), TimeSpan.FromSeconds(4), $"v{token}", 0, winsOnce: true);
        (candidacy.Called, candidacy.Token, candidacy.WonAt, candidacy.Confirmed) = (called * Second, token, won * Second, called * Second);
        return candidacy;
    }

    private static void Proclaim(Candidacy candidacy, string value, double call, double done) => candidacy.Proclamations.Add(new Proclamation(value, (long)(call * Second)) { Done = (long)(done * Second) });

    private void See(double call, double at, ulong token, ulong proclaimed = 0, string? value = null) =>
        _check.Add(new Sighting((long)(call * Second), (long)(at * Second), token, token == 5 ? 1UL : token == 8 ? 2UL : 0, proclaimed, token == 0 ? "" : value ?? $"v{token}"));

    private string? Found()
    {
        _check.Finish();
        return _findings.First?.Message;
    }

    [Fact]
    public void Leaders_one_after_the_other_and_what_they_proclaim_pass()
    {
        Proclaim(_first, "x", 3, 4);
        Proclaim(_first, "y", 5, 6);
        See(1, 1.5, 0);
        See(2, 3, 5);
        See(3, 4, 5, 1, "x");
        See(4.5, 5.5, 5, 1, "x");
        See(6.5, 7, 5, 2, "y");
        See(10.5, 12.5, 5, 2, "y");
        See(11.5, 11.6, 0);
        See(13, 14, 8);
        Assert.Null(Found());
    }

    [Fact]
    public void One_who_wins_while_another_certainly_leads_is_found()
    {
        (_first.EndCalled, _first.TokenEnded) = (Candidacy.Never, Candidacy.Never);
        _first.Confirmed = 13 * Second;
        Assert.Contains("\"v8\" (token 8, proclamation 0) was elected at 12.000000 s, while token 5", Found(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_that_lives_by_its_time_keeps_others_out()
    {
        (_first.EndCalled, _first.TokenEnded) = (Candidacy.Never, Candidacy.Never);
        Assert.Contains("led until 12.800000 s at least", Found(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, 14, 5, "after \"v8\" (token 8")]
    [InlineData(11.5, 11.8, 5, "though its end had been answered at 11.000000 s")]
    [InlineData(3, 4, 0, "was told of token 0 at 4.000000 s; token 5")]
    [InlineData(3, 4, 9, "which never campaigned")]
    public void Who_is_told_of_the_wrong_leader_is_found(double call, double at, ulong token, string expected)
    {
        See(call, at, token);
        Assert.Contains(expected, Found(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7, 8, 1, "x", "after \"y\" (token 5, proclamation 2) was proclaimed")]
    [InlineData(7, 8, 0, "v5", "after \"y\" (token 5, proclamation 2) was proclaimed")]
    [InlineData(7, 8, 2, "x", "no such value was proclaimed by then")]
    [InlineData(2.5, 2.8, 1, "x", "no such value was proclaimed by then")]
    [InlineData(7, 8, 3, "z", "no such value was proclaimed by then")]
    public void A_value_that_goes_back_or_that_nobody_gave_is_found(double call, double at, ulong proclaimed, string value, string expected)
    {
        Proclaim(_first, "x", 3, 4);
        Proclaim(_first, "y", 5, 6);
        See(call, at, 5, proclaimed, value);
        Assert.Contains(expected, Found(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13, 14, "was proclaimed by a call at 13.000000 s, after \"v8\"")]
    [InlineData(11.5, 11.8, "after its end had been answered")]
    public void A_proclamation_of_a_leader_that_has_lost_is_found(double call, double done, string expected)
    {
        Proclaim(_first, "late", call, done);
        Assert.Contains(expected, Found(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_wins_with_one_token_are_found()
    {
        Won(3, 8, called: 13, won: 14);
        Assert.Contains("both lead with token 8", Found(), StringComparison.Ordinal);
    }
}
