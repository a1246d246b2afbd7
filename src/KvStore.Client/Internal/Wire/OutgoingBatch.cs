using KvStore.Client.Internal.Routing;
using KvStore.Client.Internal.Sessions;

namespace KvStore.Client.Internal.Wire;

/// <summary>kvstore.v1 Batch before it is written: operations on one range, either reads or writes of one client session.</summary>
internal sealed class OutgoingBatch
{
    private readonly List<Operation> _operations = [];
    private readonly List<ulong> _ids = [];
    private int _operationBytes;
    private int _size;

    public RangeRoute Route { get; private set; } = null!;

    public ClientSession? Session { get; private set; }

    public ulong LowestAwaited { get; set; }

    public uint TimeoutMilliseconds { get; private set; }

    public void Begin(Operation first)
    {
        Route = first.Route!;
        Session = first.Session;
        LowestAwaited = 0;
        TimeoutMilliseconds = 0;
        _operationBytes = 0;
        _operations.Clear();
        _ids.Clear();
    }

    public bool Takes(Operation operation) => ReferenceEquals(operation.Route, Route) && ReferenceEquals(operation.Session, Session);

    public void Add(Operation operation, ulong id, uint timeoutMilliseconds)
    {
        _operations.Add(operation);
        _ids.Add(id);
        operation.WireBytes = OperationWire.Size(operation, id);
        _operationBytes += WireSize.Delimited(operation.WireBytes);
        TimeoutMilliseconds = Math.Max(TimeoutMilliseconds, timeoutMilliseconds);
    }

    /// <summary>Computes the size; nothing may be added afterwards.</summary>
    public int Seal()
    {
        _size = WireSize.Delimited(RouteSize) + WireSize.Field(Session?.Group ?? 0) + WireSize.Field(Session?.Index ?? 0)
            + WireSize.Field(LowestAwaited) + _operationBytes + WireSize.Field(TimeoutMilliseconds);
        return WireSize.Delimited(_size);
    }

    public void Write(ref WireWriter to)
    {
        to.Begin(1, _size);
        to.Begin(1, RouteSize);
        to.Field(1, Route.RangeId);
        to.Field(2, Route.Epoch);
        to.Field(2, Session?.Group ?? 0);
        to.Field(3, Session?.Index ?? 0);
        to.Field(4, LowestAwaited);
        for (var i = 0; i < _operations.Count; i++)
        {
            to.Begin(5, _operations[i].WireBytes);
            OperationWire.Write(ref to, _operations[i], _ids[i]);
        }
        to.Field(6, TimeoutMilliseconds);
    }

    private int RouteSize => WireSize.Field(Route.RangeId) + WireSize.Field(Route.Epoch);
}
