using KvStore.Node.Time;
using KvStore.Raft;

namespace KvStore.Server.Hosting;

/// <summary>
/// A clock that is wrong in a known way, for fault tests: ahead by a constant, and running faster or slower, or by turns faster and slower, than the one it
/// is made from. It never goes back.
/// </summary>
/// <param name="inner">The clock that it is made from.</param>
/// <param name="ahead">At least 0.</param>
/// <param name="ratePartsPerMillion">How much faster; negative: slower. More than −1,000,000.</param>
/// <param name="strobe">The rate changes its sign after so long; zero: never.</param>
internal sealed class SkewedTimeSource(ITimeSource inner, TimeSpan ahead, int ratePartsPerMillion, TimeSpan strobe) : ITimeSource
{
    private const int NanosecondsPerTick = 100;
    private readonly long _start = inner.Now.Nanoseconds;
    private readonly long _ahead = ahead.Ticks * NanosecondsPerTick;
    private readonly long _strobe = strobe.Ticks * NanosecondsPerTick;

    public MonotonicTime Now
    {
        get
        {
            var elapsed = inner.Now.Nanoseconds - _start;
            var gaining = _strobe == 0 ? elapsed : Gaining(elapsed % (2 * _strobe));
            return new MonotonicTime(_start + _ahead + elapsed + (long)((Int128)gaining * ratePartsPerMillion / 1_000_000));
        }
    }

    // What was gained in the first half of a turn is lost in the second.
    private long Gaining(long inTurn) => inTurn < _strobe ? inTurn : (2 * _strobe) - inTurn;
}
