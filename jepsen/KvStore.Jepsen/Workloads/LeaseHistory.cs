using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using KvStore.Jepsen.Recording;
using KvStore.Linearizability;

namespace KvStore.Jepsen.Workloads;

/// <summary>
/// Decides about leases. Each key of the history stands for one lease and one key that was put with it. (1) Never early: from the call of the newest grant or renewal that was answered until 95 % of the
/// time to live later, unless it was revoked, the lease can be renewed and its key, once put, is read. (2) What was refused once is never renewed again. (3) After a revocation was answered nothing is renewed.
/// (4) In the end, long after the last renewal, no key is left.
/// </summary>
internal static class LeaseHistory
{
    /// <summary>In: the time to live in milliseconds.</summary>
    public const string Grant = "grant";
    /// <summary>Out: whether the lease was there.</summary>
    public const string Put = "put-with-lease";
    /// <summary>Out: whether the lease was there.</summary>
    public const string Renew = "renew";
    public const string Revoke = "revoke";
    /// <summary>Out: whether the key was there.</summary>
    public const string Read = "read";
    /// <summary>Out: whether the key was there, after everything has ended.</summary>
    public const string FinalRead = "final-read";

    /// <summary>How far the clocks of client and servers may differ in rate.</summary>
    private const double Certain = 0.95;

    /// <exception cref="UsageException">A line is broken.</exception>
    public static Judgement Judge(string file, CancellationToken cancellationToken)
    {
        var (leases, renewals, reads) = (0, 0, 0);
        foreach (var entries in HistoryFile.Read(file).GroupBy(entry => entry.Key, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            leases++;
            renewals += entries.Count(entry => entry.Op == Renew && entry.Outcome == Outcome.Completed);
            reads += entries.Count(entry => entry.Op is Read or FinalRead && entry.Outcome == Outcome.Completed);
            if (FirstWrong(file, [.. entries]) is { } wrong) return Of(Verdict.NotLinearizable, string.Create(CultureInfo.InvariantCulture, $"{Verdict.NotLinearizable}: lease {entries.Key}: {wrong}"), cancellationToken);
        }

        return Of(Verdict.Linearizable, string.Create(CultureInfo.InvariantCulture, $"{Verdict.Linearizable}: {leases} leases, {renewals} renewals, {reads} reads"), cancellationToken);
    }

    /// <summary>There is nothing to draw.</summary>
    private static Judgement Of(Verdict verdict, string text, CancellationToken cancellationToken) =>
        new(verdict, text, LinearizabilityChecker.Check(History.Of([]), cancellation: cancellationToken));

    private static string? FirstWrong(string file, List<Entry> entries)
    {
        var grant = entries.SingleOrDefault(entry => entry.Op == Grant) ?? throw Broken(file, entries[0], "the lease was never granted");
        var timeToLive = Milliseconds(file, grant) * 1_000_000L;
        foreach (var entry in entries)
            if (entry.Op is not (Grant or Put or Renew or Revoke or Read or FinalRead)) throw Broken(file, entry, $"a lease has no operation \"{entry.Op}\"");
        var answered = entries.Where(entry => entry.Outcome == Outcome.Completed).ToList();
        foreach (var entry in answered)
        {
            if (entry.Op == FinalRead && IsTrue(file, entry)) return $"line {entry.Line}: the key is there at the end";
            if (IsRefusal(file, entry, answered) && !entries.Any(other => other.Op == Revoke && other.Call < entry.Return && other.Outcome != Outcome.Failed)
                && CertainUntil(file, answered, entry, timeToLive) is { } until && entry.Return < until)
                return $"line {entry.Line}: \"{entry.Op}\" found that it had ended {(until - entry.Return) / 1e9:0.000} s before that could be";
            if (entry.Op == Renew && IsTrue(file, entry) && answered.FirstOrDefault(other => other.Return < entry.Call && (other.Op == Revoke || (other.Op is Renew or Put && !IsTrue(file, other)))) is { } end)
                return $"line {entry.Line}: it was renewed after it had ended (line {end.Line})";
        }

        return null;
    }

    /// <summary>The answer says that the lease had ended.</summary>
    private static bool IsRefusal(string file, Entry entry, List<Entry> answered) => entry.Op switch
    {
        Renew or Put => !IsTrue(file, entry),
        Read => !IsTrue(file, entry) && answered.Any(put => put.Op == Put && put.Return < entry.Call && IsTrue(file, put)),
        _ => false,
    };

    /// <summary>Until when the lease certainly lasted, by what had been answered before the call.</summary>
    private static long? CertainUntil(string file, List<Entry> answered, Entry entry, long timeToLive)
    {
        long? newest = null;
        foreach (var other in answered)
            if (other.Return < entry.Call && (other.Op == Grant || (other.Op == Renew && IsTrue(file, other))) && (newest is null || other.Call > newest)) newest = other.Call;
        return newest + (long)(timeToLive * Certain);
    }

    private static bool IsTrue(string file, Entry entry) => entry.Out?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Broken(file, entry, "\"out\" must be true or false"),
    };

    private static int Milliseconds(string file, Entry grant) =>
        grant.In is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue<int>(out var milliseconds) && milliseconds > 0 ? milliseconds : throw Broken(file, grant, "\"in\" of a grant must be milliseconds");

    private static UsageException Broken(string file, Entry entry, string reason) => new($"{file}:{entry.Line}: {reason}");
}
