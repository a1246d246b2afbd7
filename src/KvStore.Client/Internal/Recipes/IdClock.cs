namespace KvStore.Client.Internal.Recipes;

/// <summary>
/// Makes ids of a time, a worker and a counter. It gives only times of the interval that the worker has reserved, each (time, counter) once, in growing order. Not thread-safe.
/// </summary>
internal sealed class IdClock
{
    public const int WorkerBits = 10, CounterBits = 12;
    /// <summary>2^41 ms are 69 years.</summary>
    public const long MillisecondsEnd = 1L << 41;
    private const int CountersEnd = 1 << CounterBits;

    private long _last = -1;
    /// <summary>The next counter of <see cref="_last"/>.</summary>
    private int _counter;
    private long _end;
    private int _worker;

    /// <summary>The first time that was not yet used up.</summary>
    public long Next => _counter < CountersEnd && _last >= 0 ? _last : _last + 1;

    /// <summary>From now on times from <paramref name="start"/> (or from where it is, if that is later) to before <paramref name="end"/> may be used with this worker.</summary>
    public void Reserve(int worker, long start, long end)
    {
        if (start > _last) (_last, _counter) = (start, 0);
        // The worker stands above the counter in an id: within a time that another worker has used, a smaller one would go back.
        else if (worker != _worker) (_last, _counter) = (_last + 1, 0);
        (_worker, _end) = (worker, end);
    }

    /// <returns>False: the reserved interval is used up, or over by the clock.</returns>
    public bool TryNext(long nowMilliseconds, out long id)
    {
        var time = Math.Max(nowMilliseconds, Next);
        id = 0;
        if (time >= _end) return false;
        if (time > _last) (_last, _counter) = (time, 0);
        id = (time << (WorkerBits + CounterBits)) | ((long)_worker << CounterBits) | (uint)_counter++;
        return true;
    }
}
