using KvStore.Client.Internal.Transport;
using KvStore.Protocol.V1;

namespace KvStore.Client.Internal.Watching;

/// <summary>The watch stream to one node, opened when it is wanted. Thread-safe.</summary>
internal sealed class WatchLines(NodeConnection connection, Dispatcher dispatcher)
{
    private readonly Lock _gate = new();
    private WatchLine? _line;
    private bool _isClosed;

    /// <summary>Begins a watch on the present stream or a new one.</summary>
    public (WatchLine Line, ulong Id) Add(WatchCreate create, IWatchListener listener)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(KvClient));
            if (_line is not null && _line.Add(create, listener) is var id and not 0) return (_line, id);
            var line = _line = new WatchLine(connection, dispatcher);
            id = line.Add(create, listener);
            line.Start();
            return (line, id);
        }
    }

    public void Close()
    {
        WatchLine? line;
        lock (_gate)
        {
            _isClosed = true;
            line = _line;
        }
        line?.Close();
    }
}
