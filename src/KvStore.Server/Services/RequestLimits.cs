using Google.Protobuf;
using KvStore.Node;
using KvStore.Node.StateMachine;

namespace KvStore.Server.Services;

/// <summary>Limits of a single request (DESIGN §12); a refusal names the field and the limit. And what sessions and leases that are asked for here are given.</summary>
/// <param name="LeaseBytesMax">For all leases of a group with their keys, from its next grant on.</param>
internal sealed record RequestLimits(CommandLimits Commands, TimeSpan SessionTimeToLive, long LeaseBytesMax)
{
    public void CheckKey(ByteString key)
    {
        if (key.IsEmpty) throw Refuse("key: must not be empty");
        if (key.Length > CommandLimits.KeyBytesMax) throw Refuse($"key: {key.Length} bytes; the limit is {CommandLimits.KeyBytesMax}");
    }

    public void CheckValue(int length, string field)
    {
        if (length > Commands.ValueBytesMax) throw Refuse($"{field}: {length} bytes; the limit is {Commands.ValueBytesMax}");
    }

    private static Exception Refuse(string message) => Errors.ToRpc(new NodeError(NodeErrorCode.InvalidArgument, message));
}
