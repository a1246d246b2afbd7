using KvStore.Node.Leases;

namespace KvStore.Simulation.Checks;

/// <summary>One campaign and what came of it, as its client knows it. Times are of the virtual clock, in nanoseconds; <see cref="Never"/> where nothing is known.</summary>
/// <param name="granted">When its lease was asked for.</param>
internal sealed class Candidacy(LeaseId lease, TimeSpan timeToLive, string value, long granted)
{
    public const long Never = long.MaxValue;

    public LeaseId Lease => lease;
    public TimeSpan TimeToLive => timeToLive;
    /// <summary>That it campaigned with.</summary>
    public string Value => value;
    /// <summary>Repetitions are recognized by more than the lease, so that it wins once at most.</summary>
    public bool WinsOnce { get; init; }

    public long Called { get; set; } = Never;
    /// <summary>0: no win was answered.</summary>
    public ulong Token { get; set; }
    public long WonAt { get; set; } = Never;

    /// <summary>When the newest confirmed renewal was sent: the lease lived then.</summary>
    public long Confirmed { get; set; } = granted;
    /// <summary>It keeps its lease alive.</summary>
    public bool IsKept { get; set; }

    /// <summary>From when on it may have been given up, by resignation or with its lease.</summary>
    public long EndCalled { get; set; } = Never;
    /// <summary>From when on its token leads no more.</summary>
    public long TokenEnded { get; set; } = Never;
    /// <summary>From when on its lease leads nothing more.</summary>
    public long LeaseEnded { get; set; } = Never;

    /// <summary>One after the other, in this order.</summary>
    public List<Proclamation> Proclamations { get; } = [];
}

/// <summary>A value that a leader has asked to show.</summary>
internal sealed class Proclamation(string value, long call)
{
    public string Value => value;
    public long Call => call;
    /// <summary>When it was answered that it is shown.</summary>
    public long Done { get; set; } = Candidacy.Never;
}
