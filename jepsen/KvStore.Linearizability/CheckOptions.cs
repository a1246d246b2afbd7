namespace KvStore.Linearizability;

/// <summary>Limits of a check. Whatever reaches one of them is undecided and makes the verdict <see cref="Verdict.Unknown"/> unless something else is illegal.</summary>
public sealed record CheckOptions
{
    private const long MebiByte = 1 << 20;

    /// <summary>Memory that the search may hold, in bytes, beside the history itself: 1 MiB to 3 GiB, by default 1 GiB.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Another value.</exception>
    public long MemoryBytesMax
    {
        get;
        init => field = value is >= MebiByte and <= 3072 * MebiByte
            ? value
            : throw new ArgumentOutOfRangeException(nameof(MemoryBytesMax), value, "expected 1 MiB to 3 GiB");
    } = 1024 * MebiByte;

    /// <summary>
    /// Transitions to try, over all components and the explaining of a violation; by default no limit. The same history and limit give the same result
    /// on every machine.
    /// </summary>
    public long StepsMax { get; init; } = long.MaxValue;

    /// <summary>Time to spend, looked at between slices of well under a second; by default no limit.</summary>
    public TimeSpan? TimeMax { get; init; }
}
