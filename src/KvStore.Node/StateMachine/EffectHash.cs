using System.Numerics;
using KvStore.Node.Placement;
using KvStore.Storage.Engine;

namespace KvStore.Node.StateMachine;

/// <summary>What an effect is, in the running hash. Persisted numbers: replicas of two versions compare their hashes.</summary>
internal enum EffectKind : byte
{
    Entry = 1,
    Record = 2,
    Tombstone = 3,
    Result = 4,
    SessionOpened = 5,
    SessionEnded = 6,
    SessionAcknowledged = 7,
    RangeCreated = 8,
    RangeCompacted = 9,
    MapInitialized = 10,
    /// <summary>A record with a lease or that is not the first of its revision.</summary>
    RecordAt = 11,
    TombstoneAt = 12,
    Response = 13,
    LeaseGranted = 20,
    LeaseRenewed = 21,
    LeaseEnded = 22,
    LeaseRemoved = 23,
    LeaseUserAdded = 24,
    LeaseUserRemoved = 25,
    LeaseAnnounced = 26,
    LeaseConfirmed = 27,
    LeaseAttached = 28,
    LockQueued = 30,
    LockGranted = 31,
    LockReleased = 32,
    LockClaimDropped = 33,
    LockProclaimed = 34,
    FenceRegistered = 35,
    FenceConfirmed = 36,
    FenceAdmitted = 37,
    FenceRemoved = 38,
}

/// <summary>
/// The running hash over effects (DESIGN §6): equal on two replicas that applied the same entries to the same state, however the entries
/// arrived and whatever restarts lay between. docs/formats/state.md defines what is mixed in, in which order.
/// </summary>
internal sealed class EffectHash(ulong value)
{
    public ulong Value { get; private set; } = value;

    public void Entry(ulong index, ulong term, ulong groupTime)
    {
        Mix((ulong)EffectKind.Entry);
        Mix(index);
        Mix(term);
        Mix(groupTime);
    }

    public void Record(Stay stay, Revision revision, uint sub, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong lease)
    {
        if ((sub | lease) == 0) Mix((ulong)EffectKind.Record);
        else Change(EffectKind.RecordAt, sub, lease);
        Mix(stay.Value);
        Mix(revision.Value);
        Mix(key);
        Mix(value);
    }

    public void Tombstone(Stay stay, Revision revision, uint sub, ReadOnlySpan<byte> key)
    {
        if (sub == 0) Mix((ulong)EffectKind.Tombstone);
        else Change(EffectKind.TombstoneAt, sub, 0);
        Mix(stay.Value);
        Mix(revision.Value);
        Mix(key);
    }

    public void Result(ulong sequence, in CommandResult result)
    {
        Mix((ulong)EffectKind.Result | ((ulong)result.Status << 8) | (result.Flag ? 1UL << 16 : 0) | (result.HasCurrent ? 1UL << 17 : 0));
        Mix(sequence);
        Mix(result.Revision.Value);
        Mix((ulong)result.Number);
        if (result.Response is { } response)
        {
            Mix((ulong)EffectKind.Response);
            Mix(response);
        }
        if (!result.HasCurrent) return;
        var current = result.Current!.Value;
        Mix(current.Modified.Value);
        Mix(current.Value.Span);
    }

    public void Change(EffectKind kind, ulong first, ulong second, ulong third)
    {
        Mix((ulong)kind);
        Mix(first);
        Mix(second);
        Mix(third);
    }

    private void Change(EffectKind kind, ulong first, ulong second)
    {
        Mix((ulong)kind);
        Mix(first);
        Mix(second);
    }

    public void Mix(ReadOnlySpan<byte> bytes) => Value = StableHash.Compute(bytes, Value);

    private void Mix(ulong word) =>
        Value = BitOperations.RotateLeft(Value ^ StableHash.Round(0, word), 27) * StableHash.Prime1 + StableHash.Prime4;
}
