namespace KvStore.Jepsen.Network;

/// <summary>What a link does to the bytes that pass it.</summary>
/// <param name="IsCut">Nothing passes; what was sent meanwhile arrives when the cut ends, as TCP does it.</param>
/// <param name="Delay">Every piece waits so long.</param>
/// <param name="BytesPerSecond">0: as fast as it comes.</param>
internal readonly record struct LinkCondition(bool IsCut, TimeSpan Delay, int BytesPerSecond)
{
    public static LinkCondition Good => default;

    public static LinkCondition Cut => new(true, TimeSpan.Zero, 0);

    public static LinkCondition Slow(TimeSpan delay, int bytesPerSecond) => new(false, delay, bytesPerSecond);
}
