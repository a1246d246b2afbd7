using KvStore.Node;
using KvStore.Node.StateMachine;
using KvStore.Protocol.V1;
using KvStore.Raft;
using KvStore.Server.Services;
using KvStore.Storage.Engine;
using RangeDescriptor = KvStore.Node.Placement.RangeDescriptor;

namespace KvStore.Server.Tests.Services;

public sealed class AwaitedWriteTests
{
    private static readonly RangeDescriptor Range = new(new RangeId(7), 3, new GroupId(2), new KeyspaceId(1), default, default);

    private readonly WriteCompletions _completions = new();

    [Fact]
    public async Task A_response_that_cannot_be_made_fails_its_own_call_alone()
    {
        var broken = Write<string>((in CommandResult _, ResponseHeader? _) => throw new FormatException("no response"));
        var whole = Write((in CommandResult result, ResponseHeader? header) => $"{header!.RangeId} {header.Epoch} {header.Revision} {result.Number}");
        broken.Applied([new CommandResult(CommandStatus.Ok, new Revision(5))]);
        whole.Applied([new CommandResult(CommandStatus.Ok, new Revision(6), Number: 9)]);
        Assert.Equal("no response", (await Assert.ThrowsAsync<FormatException>(() => Soon(broken.Response))).Message);
        Assert.Equal("7 3 6 9", await Soon(whole.Response));
    }

    [Fact]
    public async Task A_refusal_and_a_failure_reach_the_caller_as_errors_of_the_node()
    {
        var refused = Write((in CommandResult _, ResponseHeader? _) => "");
        var failed = Write((in CommandResult _, ResponseHeader? _) => "");
        refused.Applied([new CommandResult(CommandStatus.NotANumber, new Revision(5))]);
        failed.Failed(new NodeError(NodeErrorCode.NotLeader, "moved"));
        Assert.Equal(NodeErrorCode.FailedPrecondition, (await Assert.ThrowsAsync<NodeException>(() => Soon(refused.Response))).Error.Code);
        Assert.Equal(NodeErrorCode.NotLeader, (await Assert.ThrowsAsync<NodeException>(() => Soon(failed.Response))).Error.Code);
    }

    private static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromMinutes(1));

    private AwaitedWrite<T> Write<T>(Respond<T> respond) =>
        new(_completions, Range, respond) { Range = Range.Id, Epoch = Range.Epoch, Commands = default, Count = 1, Deadline = default };
}
