using System.Diagnostics;

namespace KvStore.Linearizability.Search;

/// <summary>The limits of one check over all its searches, those that explain a violation included, and what of them is used up.</summary>
internal sealed class CheckLimits(CheckOptions options, CancellationToken cancellation)
{
    private readonly long _started = Stopwatch.GetTimestamp();

    /// <summary>Transitions tried.</summary>
    public long Steps { get; private set; }

    /// <summary>The limit that is reached, or null. To be asked before every slice.</summary>
    /// <exception cref="OperationCanceledException">The check was cancelled.</exception>
    public UnresolvedReason? Reached()
    {
        cancellation.ThrowIfCancellationRequested();
        if (Steps >= options.StepsMax) return UnresolvedReason.Steps;
        return options.TimeMax is { } time && Stopwatch.GetElapsedTime(_started) >= time ? UnresolvedReason.Time : null;
    }

    /// <summary>A slice of this length, or what is left.</summary>
    public long Slice(long steps) => Math.Min(steps, options.StepsMax - Steps);

    public void Spend(long steps) => Steps += steps;
}
