using System.Globalization;
using KvStore.Node.Leases;
using KvStore.Node.Locks;

namespace KvStore.Simulation.Checks;

/// <summary>
/// One election, judged by what its clients saw. Its state is (token, proclamations of that leader), and never goes back; nobody leads while the leader before can be certain that it does,
/// by a renewal of its lease that was confirmed later or by the time since it was sent; while a leader can be certain, everybody who asks sees it; after its end was answered nobody does; and a
/// value that is seen is the one that its leader gave it the number of.
/// </summary>
/// <param name="trustsLeases">Whether clocks keep their bound: if not, a leader's answer to who leads may be old, and the time of a lease proves nothing.</param>
internal sealed class ElectionCheck(string election, bool trustsLeases, Findings findings)
{
    public const string Name = "election";

    /// <summary>Clocks that keep their bound end a lease after 1 / 1.025 of its time at the earliest.</summary>
    private const double Certain = 0.95;

    private readonly List<Candidacy> _candidacies = [];
    private readonly Dictionary<ulong, Candidacy> _byLease = [];
    private readonly List<Sighting> _sightings = [];

    private enum EvidenceKind { Won, Proclaimed, Seen }

    /// <summary>Something that shows that a token led, at the latest when it was returned.</summary>
    private readonly record struct Evidence(long Call, long Return, ulong Token, ulong Proclaimed, EvidenceKind Kind, string Value)
    {
        public (ulong, ulong) State => (Token, Proclaimed);
        public override string ToString() => $"\"{Value}\" (token {Token}, proclamation {Proclaimed}) was {(Kind == EvidenceKind.Won ? "elected" : Kind == EvidenceKind.Seen ? "seen" : "proclaimed")}";
    }

    public string Election => election;

    public Candidacy Campaign(LeaseId lease, TimeSpan timeToLive, string value, long granted, bool winsOnce)
    {
        var candidacy = new Candidacy(lease, timeToLive, value, granted) { WinsOnce = winsOnce };
        if (!_byLease.TryAdd(lease.Value, candidacy)) findings.Report(Name, $"lease {lease} was granted twice");
        _candidacies.Add(candidacy);
        return candidacy;
    }

    public Sighting Seen(long call, long at, LockDescription leader)
    {
        var sighting = Sighting.Of(call, at, leader);
        Add(sighting);
        return sighting;
    }

    public void Add(Sighting sighting) => _sightings.Add(sighting);

    /// <summary>It was answered that its token leads no more.</summary>
    public void Ended(Candidacy candidacy, long at) => candidacy.TokenEnded = Math.Min(candidacy.TokenEnded, at);

    public void Finish()
    {
        var wins = _candidacies.Where(each => each.Token != 0).OrderBy(each => each.Token).ToList();
        for (var i = 1; i < wins.Count; i++)
            if (wins[i].Token == wins[i - 1].Token) Report($"leases {wins[i - 1].Lease} and {wins[i].Lease} both lead with token {wins[i].Token}");
        foreach (var sighting in _sightings) CheckSighting(sighting);
        var evidence = EvidenceOf(wins);
        CheckOrder(evidence);
        CheckOneLeads(wins, evidence);
        CheckSeen(wins);
    }

    private List<Evidence> EvidenceOf(List<Candidacy> wins)
    {
        List<Evidence> evidence = [.. wins.Select(win => new Evidence(win.Called, win.WonAt, win.Token, 0, EvidenceKind.Won, win.Value))];
        foreach (var win in wins)
            for (var i = 0; i < win.Proclamations.Count; i++)
                if (win.Proclamations[i] is { Done: not Candidacy.Never } done) evidence.Add(new Evidence(done.Call, done.Done, win.Token, (ulong)i + 1, EvidenceKind.Proclaimed, done.Value));
        evidence.AddRange(_sightings.Where(each => each.Token != 0).Select(each => new Evidence(each.Call, each.Return, each.Token, each.Proclaimed, EvidenceKind.Seen, each.Value)));
        return evidence;
    }

    /// <summary>What shows a leader shows none older than what had been shown before it was asked for.</summary>
    private void CheckOrder(List<Evidence> evidence)
    {
        var returned = evidence.OrderBy(each => each.Return).ToList();
        var (next, newest) = (0, default(Evidence));
        foreach (var each in evidence.OrderBy(each => each.Call))
        {
            for (; next < returned.Count && returned[next].Return < each.Call; next++)
                if (returned[next].State.CompareTo(newest.State) > 0) newest = returned[next];
            var order = each.State.CompareTo(newest.State);
            if (each.Kind == EvidenceKind.Seen ? order >= 0 || !trustsLeases : order > 0) continue;
            Report($"{each} by a call at {At(each.Call)}, after {newest} at {At(newest.Return)}");
            return;
        }
    }

    /// <summary>Nobody leads with a greater token before the one before it can have ended.</summary>
    private void CheckOneLeads(List<Candidacy> wins, List<Evidence> evidence)
    {
        var returned = evidence.OrderBy(each => each.Return).ToList();
        var greatest = new List<Evidence>(returned.Count);
        foreach (var each in returned) greatest.Add(greatest.Count > 0 && greatest[^1].Token >= each.Token ? greatest[^1] : each);
        foreach (var win in wins)
        {
            var until = LeadsUntil(win);
            var before = FirstFrom(returned, evidence => evidence.Return, until) - 1;
            if (before >= 0 && greatest[before] is var other && other.Token > win.Token)
                Report($"{other} at {At(other.Return)}, while token {win.Token} of lease {win.Lease} led until {At(until)} at least: its renewal of {At(win.Confirmed)} was confirmed, and it lives for {win.TimeToLive.TotalSeconds} s");
        }
    }

    /// <summary>Who asks between a win and its first possible end is told of it; who asks after its end is not.</summary>
    private void CheckSeen(List<Candidacy> wins)
    {
        if (!trustsLeases) return;
        var byCall = _sightings.OrderBy(each => each.Call).ToList();
        foreach (var win in wins)
        {
            var until = LeadsUntil(win);
            for (var i = FirstFrom(byCall, seen => seen.Call, win.WonAt); i < byCall.Count && byCall[i].Call < until; i++)
                if (byCall[i].Return < until && byCall[i].Token != win.Token)
                    Report($"who asked at {At(byCall[i].Call)} was told of token {byCall[i].Token} at {At(byCall[i].Return)}; token {win.Token} had been given at {At(win.WonAt)} and led until {At(until)} at least");
            if (win.Proclamations.FirstOrDefault(each => each.Done != Candidacy.Never && each.Call > Math.Min(win.TokenEnded, win.LeaseEnded)) is { } late)
                Report($"\"{late.Value}\" was proclaimed with token {win.Token} at {At(late.Done)}, after its end had been answered at {At(Math.Min(win.TokenEnded, win.LeaseEnded))}");
        }
        foreach (var each in byCall)
        {
            if (each.Token == 0 || !_byLease.TryGetValue(each.Lease, out var candidacy)) continue;
            if (each.Call > candidacy.LeaseEnded || each.Token == candidacy.Token && each.Call > candidacy.TokenEnded)
                Report($"who asked at {At(each.Call)} was told of token {each.Token} of lease {each.Lease}, though its end had been answered at {At(Math.Min(candidacy.TokenEnded, candidacy.LeaseEnded))}");
        }
    }

    /// <summary>The value is the one that its leader campaigned with, or of the proclamation that the answer names, which had been called.</summary>
    private void CheckSighting(Sighting seen)
    {
        if (seen.Token == 0) return;
        if (!_byLease.TryGetValue(seen.Lease, out var candidacy)) Report($"token {seen.Token} was seen with lease {seen.Lease}, which never campaigned");
        else if (candidacy.Token != 0 && candidacy.Token != seen.Token && candidacy.WinsOnce) Report($"lease {seen.Lease} led with token {candidacy.Token} and with {seen.Token}, though it campaigned once");
        else if (seen.Proclaimed == 0 ? seen.Value != candidacy.Value : !IsProclaimed(seen, candidacy))
            Report($"\"{seen.Value}\" was seen with token {seen.Token} of lease {seen.Lease} as proclamation {seen.Proclaimed}, answered at {At(seen.Return)}; it campaigned with \"{candidacy.Value}\", and no such value was proclaimed by then");
    }

    private static bool IsProclaimed(Sighting seen, Candidacy candidacy) =>
        candidacy.Token == seen.Token && seen.Proclaimed <= (ulong)candidacy.Proclamations.Count
        && candidacy.Proclamations[(int)seen.Proclaimed - 1] is var proclamation && proclamation.Value == seen.Value && proclamation.Call < seen.Return;

    /// <summary>Until when the leader was certainly not replaced: it had not given up, and its lease lived.</summary>
    private long LeadsUntil(Candidacy win) => Math.Min(win.EndCalled, win.Confirmed + (trustsLeases ? (long)(win.TimeToLive.Ticks * 100 * Certain) : 0));

    private static int FirstFrom<T>(List<T> ordered, Func<T, long> timeOf, long time)
    {
        var (low, high) = (0, ordered.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (timeOf(ordered[middle]) < time) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    private void Report(string what) => findings.Report(Name, $"election {election}: {what}");

    private static string At(long time) => string.Create(CultureInfo.InvariantCulture, $"{time / 1e9:F6} s");
}
