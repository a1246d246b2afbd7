using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.Leases;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Simulation.World;

/// <summary>A batch whose outcome can be awaited.</summary>
internal sealed class VirtualBatch : WriteBatch
{
    private readonly TaskCompletionSource<IReadOnlyList<CommandResult>> _done = new();

    public Task<IReadOnlyList<CommandResult>> Done => _done.Task;

    public override void Applied(ReadOnlySpan<CommandResult> results) => _done.SetResult(results.ToArray());

    public override void Failed(NodeError error) => _done.SetException(new NodeException(error));

    public static VirtualBatch Of(RangeDescriptor range, MonotonicTime deadline, (LogIndex Index, GroupId Group)? session, params Command[] commands)
    {
        var message = new RangeCommands { Route = new Route { RangeId = range.Id.Value, Epoch = range.Epoch } };
        if (session is { } open)
        {
            message.SessionGroup = open.Group.Value;
            message.SessionIndex = open.Index.Value;
            message.LowestAwaited = commands[0].Sequence;
        }
        message.Commands.AddRange(commands);
        return new VirtualBatch
        {
            Range = range.Id, Epoch = range.Epoch, Commands = message.ToByteArray(), Count = commands.Length, Deadline = deadline,
            Fences = [.. commands.Where(command => command.Fence is not null).Select(command => new WriteFence(command.Fence.Lock, command.Fence.Token)).Distinct()],
            Leases = [.. commands.Where(command => command.Put is { Lease: not 0 }).Select(command => new LeaseId(command.Put.Lease)).Distinct()],
        };
    }

    public static Command Put(string key, string value) => new() { Put = new Put { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value) } };

    public static Command Increment(string key, ulong sequence) => new() { Increment = new Increment { Key = ByteString.CopyFromUtf8(key), Delta = 1 }, Sequence = sequence };
}
