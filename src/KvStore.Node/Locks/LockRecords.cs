using Google.Protobuf;
using KvStore.Node.State;
using KvStore.Raft;

namespace KvStore.Node.Locks;

/// <summary><see cref="LockRecord"/>s in states.</summary>
internal static class LockRecords
{
    public static LockState ToRecord(LockRecord record)
    {
        var state = new LockState { Name = record.Name, Token = record.Token, Proclaimed = record.Proclaimed, Holder = record.Holder is { } holder ? ToRecord(holder) : null };
        state.Groups.AddRange(record.Groups.Select(group => group.Value));
        state.Waiting.AddRange(record.Waiting.Select(ToRecord));
        return state;
    }

    public static LockRecord FromRecord(LockState state)
    {
        var record = new LockRecord(state.Name) { Token = state.Token, Proclaimed = state.Proclaimed };
        if (state.Holder is { } holder) record.RestoreHolder(FromRecord(holder));
        foreach (var group in state.Groups) record.AddGroup(new GroupId(group));
        foreach (var claim in state.Waiting) record.Enqueue(FromRecord(claim));
        return record;
    }

    private static LockClaimState ToRecord(LockClaim claim) => new() { Lease = claim.Lease, Value = ByteString.CopyFrom(claim.Value.Span) };

    private static LockClaim FromRecord(LockClaimState state) => new(state.Lease, state.Value.Memory);
}
