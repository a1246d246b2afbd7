namespace KvStore.Client.Internal.Sessions;

/// <summary>
/// A client session of one group: numbers writes so that a repeated one is applied once. Thread-safe.
/// </summary>
internal sealed class ClientSession(ulong home, ulong group, ulong index)
{
    private readonly Lock _gate = new();
    private bool[] _released = new bool[64];
    private ulong _next = 1;
    /// <summary>No sequence below it is awaited. The state machine forgets the results of smaller ones, so it must never pass one whose write may be sent again.</summary>
    private ulong _lowestAwaited = 1;

    /// <summary>The group whose ranges this client writes under the session.</summary>
    public ulong Home => home;

    public ulong Group => group;

    public ulong Index => index;

    public ulong LowestAwaited
    {
        get
        {
            lock (_gate) return _lowestAwaited;
        }
    }

    public ulong Take()
    {
        lock (_gate)
        {
            if (_next - _lowestAwaited == (ulong)_released.Length) Grow();
            var sequence = _next++;
            _released[sequence % (ulong)_released.Length] = false;
            return sequence;
        }
    }

    /// <summary>The result of this sequence is awaited no more.</summary>
    public void Release(ulong sequence)
    {
        lock (_gate)
        {
            if (sequence < _lowestAwaited || sequence >= _next) throw new InvalidOperationException($"Sequence {sequence} is not awaited.");
            _released[sequence % (ulong)_released.Length] = true;
            while (_lowestAwaited < _next && _released[_lowestAwaited % (ulong)_released.Length]) _lowestAwaited++;
        }
    }

    private void Grow()
    {
        var larger = new bool[_released.Length * 2];
        for (var s = _lowestAwaited; s < _next; s++) larger[s % (ulong)larger.Length] = _released[s % (ulong)_released.Length];
        _released = larger;
    }
}
