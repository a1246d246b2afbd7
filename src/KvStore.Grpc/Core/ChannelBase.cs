namespace Grpc.Core;

/// <summary>A long-lived connection to a target, from which clients take their <see cref="CallInvoker"/>. The name is that of the public API.</summary>
internal abstract class ChannelBase(string target)
{
    public string Target { get; } = target;

    public abstract CallInvoker CreateCallInvoker();
}
