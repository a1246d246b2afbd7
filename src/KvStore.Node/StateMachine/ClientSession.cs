using KvStore.Raft;

namespace KvStore.Node.StateMachine;

/// <summary>What became of a sequence number that a command carries.</summary>
internal enum SequenceState
{
    /// <summary>Never seen: apply it.</summary>
    New,
    /// <summary>Applied before; its result is kept.</summary>
    Answered,
    /// <summary>The client said that it has the result, which is forgotten.</summary>
    Acknowledged,
    /// <summary>So far ahead of what the client still awaits that its result cannot be kept.</summary>
    TooFarAhead,
}

/// <summary>
/// One client session: the results of the commands that its client may still ask for, by sequence. The ring holds the sequences from
/// <see cref="LowestAwaited"/> on; a slot belongs to the sequence that it names.
/// </summary>
internal sealed class ClientSession(SessionId id, ulong timeToLive, ulong lastUsed)
{
    /// <summary>Sequences beyond this many over the lowest awaited one are refused: a hole that wide is a client that never acknowledges.</summary>
    public const ulong WindowMax = 1 << 20;
    /// <summary>What a session and a result count for in limits. Frozen: eviction must be the same on all replicas.</summary>
    public const long SessionBytes = 256, ResultBytes = 48;
    private const int RingSlotsMin = 16, RingSlotsKept = 1024;

    private StoredAnswer[] ring = [];
    private long contentBytes;

    public SessionId Id { get; } = id;
    public ulong TimeToLive { get; } = timeToLive;
    /// <summary>Group time of the last write, microseconds.</summary>
    public ulong LastUsed { get; set; } = lastUsed;
    public ulong Deadline => LastUsed > ulong.MaxValue - TimeToLive ? ulong.MaxValue : LastUsed + TimeToLive;

    /// <summary>Only grows. No result of a smaller sequence is kept.</summary>
    public ulong LowestAwaited { get; private set; } = 1;
    /// <summary>The greatest sequence whose result is kept, or less than <see cref="LowestAwaited"/> when none is.</summary>
    private ulong highest;

    public bool Ended { get; private set; }

    /// <summary>Neighbours in order of last use; the table's.</summary>
    public ClientSession? Older, Newer;

    /// <summary>Bytes that this session counts for: holes in the sequence cost as much as results, because the ring has a slot for them.</summary>
    public long Bytes => SessionBytes + (long)Span * ResultBytes + contentBytes;

    private ulong Span => highest < LowestAwaited ? 0 : highest - LowestAwaited + 1;

    public SequenceState Find(ulong sequence, out StoredAnswer answer)
    {
        answer = default;
        if (sequence < LowestAwaited) return SequenceState.Acknowledged;
        if (sequence - LowestAwaited >= WindowMax) return SequenceState.TooFarAhead;
        if (sequence > highest) return SequenceState.New;
        answer = ring[SlotOf(sequence)];
        return answer.Sequence == sequence ? SequenceState.Answered : SequenceState.New;
    }

    /// <summary>Keeps the result of a sequence that is <see cref="SequenceState.New"/>.</summary>
    public void Keep(in StoredAnswer answer)
    {
        var offset = answer.Sequence - LowestAwaited;
        Invariant.That(answer.Sequence >= LowestAwaited && offset < WindowMax);
        if (offset >= (ulong)ring.Length) Grow((int)offset + 1);
        ref var slot = ref ring[SlotOf(answer.Sequence)];
        Invariant.That(slot.Sequence != answer.Sequence);
        slot = answer;
        contentBytes += answer.Result.ContentBytes;
        if (answer.Sequence > highest) highest = answer.Sequence;
    }

    /// <summary>Forgets the results of smaller sequences: the client has them.</summary>
    public void Acknowledge(ulong lowestAwaited)
    {
        Invariant.That(lowestAwaited > LowestAwaited);
        var end = Math.Min(lowestAwaited, highest + 1);
        for (var sequence = LowestAwaited; sequence < end; sequence++)
        {
            ref var slot = ref ring[SlotOf(sequence)];
            if (slot.Sequence == sequence) contentBytes -= slot.Result.ContentBytes;
            slot = default;
        }
        LowestAwaited = lowestAwaited;
        if (Span == 0 && ring.Length > RingSlotsKept) ring = [];
        Invariant.That(Span > 0 || contentBytes == 0);
    }

    public void End()
    {
        Ended = true;
        ring = [];
    }

    /// <summary>The kept results in order of sequence.</summary>
    public IEnumerable<StoredAnswer> Answers()
    {
        for (var sequence = LowestAwaited; sequence <= highest; sequence++)
        {
            var answer = ring[SlotOf(sequence)];
            if (answer.Sequence == sequence) yield return answer;
        }
    }

    private int SlotOf(ulong sequence) => (int)(sequence & (ulong)(ring.Length - 1));

    private void Grow(int slots)
    {
        var old = Answers().ToList();
        ring = new StoredAnswer[Math.Max(RingSlotsMin, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)slots))];
        foreach (var answer in old) ring[SlotOf(answer.Sequence)] = answer;
    }
}
