using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Simulation.Clients;

/// <summary>One command of one client. It is answered once; the second answer is a finding.</summary>
internal sealed class ClientBatch(Action<Reply<CommandResult>> answered, Action<string> broken) : WriteBatch
{
    private bool _done;

    public override void Applied(ReadOnlySpan<CommandResult> results)
    {
        if (results.Length != 1) broken($"{results.Length} results for one command");
        else Answer(Reply<CommandResult>.Of(results[0]));
    }

    public override void Failed(NodeError error) => Answer(Reply<CommandResult>.Refused(error));

    private void Answer(Reply<CommandResult> reply)
    {
        if (_done) broken("a batch was answered twice");
        _done = true;
        answered(reply);
    }

    public static ReadOnlyMemory<byte> Encode(RangeDescriptor range, SessionId session, Command command)
    {
        var message = new RangeCommands { Route = new Route { RangeId = range.Id.Value, Epoch = range.Epoch } };
        if (!session.IsNone)
        {
            message.SessionGroup = session.Group.Value;
            message.SessionIndex = session.Index;
            message.LowestAwaited = command.Sequence;
        }
        message.Commands.Add(command);
        return message.ToByteArray();
    }

    public static MonotonicTime DeadlineOf(World.VirtualNode node, TimeSpan time) => node.Clock.Now + time;
}
