namespace KvStore.Simulation.World;

/// <summary>Where awaiting callers go on: on the one thread, in order.</summary>
internal sealed class VirtualContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback, object?)> _posted = new();

    public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("nothing waits for another thread here");

    public bool RunOne()
    {
        if (!_posted.TryDequeue(out var next)) return false;
        next.Item1(next.Item2);
        return true;
    }
}
