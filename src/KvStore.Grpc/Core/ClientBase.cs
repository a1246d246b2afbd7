namespace Grpc.Core;

/// <summary>What generated clients derive from. The name is that of the public API.</summary>
internal abstract class ClientBase<T>
    where T : ClientBase<T>
{
    private readonly ClientBaseConfiguration? _configuration;

    protected ClientBase()
    {
    }

    protected ClientBase(ChannelBase channel)
        : this(channel.CreateCallInvoker())
    {
    }

    protected ClientBase(CallInvoker callInvoker)
        : this(new ClientBaseConfiguration(callInvoker))
    {
    }

    protected ClientBase(ClientBaseConfiguration configuration) => _configuration = configuration;

    protected CallInvoker CallInvoker =>
        _configuration?.CallInvoker ?? throw new NotSupportedException("This client was made by the parameterless constructor, for test doubles, and has no channel.");

    protected abstract T NewInstance(ClientBaseConfiguration configuration);

    protected internal sealed class ClientBaseConfiguration(CallInvoker callInvoker)
    {
        internal CallInvoker CallInvoker { get; } = callInvoker;
    }
}
