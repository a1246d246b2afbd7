namespace KvStore.Raft.Replication;

/// <summary>When the newest heartbeat rounds of a leader were sent. Bounded: an answer to a round that is forgotten extends no lease.</summary>
internal sealed class SentRounds
{
    private const int RoundsMax = 4096;

    /// <summary>Send times by round modulo the length, a power of two. Rounds are numbered without gaps.</summary>
    private MonotonicTime[] _ring = new MonotonicTime[8];

    /// <summary>The oldest and newest round that are remembered; none when the oldest is the higher one.</summary>
    private ulong _oldest = 1;

    public ulong Newest { get; private set; }

    public void Add(ulong round, MonotonicTime now, TimeSpan keepFor)
    {
        if (_oldest > Newest) _oldest = round;
        else Invariant.That(round == Newest + 1, "every round has a fresh number");
        Newest = round;
        while (_oldest < round && (round - _oldest >= RoundsMax || At(_oldest) + keepFor < now)) _oldest++;
        if (round - _oldest >= (ulong)_ring.Length) Grow();
        At(round) = now;
    }

    /// <summary>Null for a round of another leadership or one that is forgotten.</summary>
    public MonotonicTime? SentAt(ulong round) => round < _oldest || round > Newest ? null : At(round);

    private ref MonotonicTime At(ulong round) => ref _ring[(int)(round & (ulong)(_ring.Length - 1))];

    private void Grow()
    {
        var larger = new MonotonicTime[_ring.Length * 2];
        for (var round = _oldest; round < Newest; round++) larger[(int)(round & (ulong)(larger.Length - 1))] = At(round);
        _ring = larger;
    }
}
