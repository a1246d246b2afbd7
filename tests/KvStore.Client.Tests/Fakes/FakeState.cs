using System.Globalization;
using System.Text;
using Google.Protobuf;
using KvStore.Protocol.V1;

namespace KvStore.Client.Tests.Fakes;

/// <summary>What a cluster would have replicated: keys, ranges, sessions. Applies a write once per write id, and counts how often it did.</summary>
internal sealed class FakeState
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, KeyValue> _keys = new(StringComparer.Ordinal);
    private readonly Dictionary<(ulong Group, ulong Index), SortedDictionary<ulong, OperationResult>> _sessions = [];
    private readonly Dictionary<ulong, ulong> _leaders = [];
    private readonly Dictionary<ulong, ulong> _terms = [];
    private ulong _nextSession = 100;
    private ulong _revision;

    public FakeState(string[] splits, ulong groups)
    {
        var start = "";
        ulong id = 1;
        foreach (var split in splits.Append(""))
        {
            Ranges.Add(new RangeDescriptor { RangeId = id, Epoch = 1, Group = ((id - 1) % groups) + 1, KeyspaceId = 1, Keyspace = "default", Start = Bytes(start), End = Bytes(split) });
            start = split;
            id++;
        }
    }

    public List<RangeDescriptor> Ranges { get; } = [];

    public ulong MapRevision { get; set; } = 1;

    /// <summary>Writes that took effect.</summary>
    public int Applied { get; private set; }

    public int SessionsOpened { get; private set; }

    /// <summary>The greatest of the lowest awaited sequences that requests carried.</summary>
    public ulong LowestAwaitedMax { get; private set; }

    public ulong LeaderOf(ulong group)
    {
        lock (_gate) return _leaders.GetValueOrDefault(group, 1UL);
    }

    public ulong TermOf(ulong group)
    {
        lock (_gate) return _terms.GetValueOrDefault(group, 1UL);
    }

    public void Lead(ulong group, ulong node)
    {
        lock (_gate)
        {
            _leaders[group] = node;
            _terms[group] = _terms.GetValueOrDefault(group, 1UL) + 1;
        }
    }

    public void ExpireSessions()
    {
        lock (_gate) _sessions.Clear();
    }

    public void MoveRange(ulong rangeId, ulong group)
    {
        lock (_gate)
        {
            var range = Ranges.Single(r => r.RangeId == rangeId);
            range.Group = group;
            range.Epoch++;
            MapRevision++;
        }
    }

    public RangeDescriptor? RangeOf(ReadOnlySpan<byte> key)
    {
        lock (_gate)
        {
            foreach (var range in Ranges)
                if (range.Start.Span.SequenceCompareTo(key) <= 0 && (range.End.IsEmpty || key.SequenceCompareTo(range.End.Span) < 0)) return range.Clone();
        }
        return null;
    }

    public RangeDescriptor? RangeOf(ulong id)
    {
        lock (_gate) return Ranges.SingleOrDefault(r => r.RangeId == id)?.Clone();
    }

    public OpenSessionResponse OpenSession(ulong group)
    {
        lock (_gate)
        {
            SessionsOpened++;
            var index = _nextSession++;
            _sessions[(group, index)] = [];
            return new OpenSessionResponse { SessionGroup = group, SessionIndex = index, TimeToLiveMs = 60_000 };
        }
    }

    /// <summary>Applies one operation. A write that was applied before under its id gets the same answer again.</summary>
    public OperationResult Apply(Operation operation, RangeDescriptor range, WriteId? id)
    {
        lock (_gate)
        {
            if (id is null || id.Sequence == 0) return Execute(operation, range);
            if (!_sessions.TryGetValue((id.SessionGroup, id.SessionIndex), out var results)) return Error(operation.Id, ErrorCode.SessionExpired, "the session has ended");
            LowestAwaitedMax = Math.Max(LowestAwaitedMax, id.LowestAwaited);
            foreach (var forgotten in results.Keys.Where(s => s < id.LowestAwaited).ToList()) results.Remove(forgotten);
            if (id.Sequence < id.LowestAwaited) throw new InvalidOperationException("a sequence below the lowest awaited one");
            if (!results.TryGetValue(id.Sequence, out var result)) results[id.Sequence] = result = Execute(operation, range);
            var answer = result.Clone();
            answer.Id = operation.Id;
            return answer;
        }
    }

    public List<KeyValue> Scan(string start, string end)
    {
        lock (_gate) return [.. _keys.Where(k => string.CompareOrdinal(k.Key, start) >= 0 && (end.Length == 0 || string.CompareOrdinal(k.Key, end) < 0)).Select(k => k.Value.Clone())];
    }

    public static OperationResult Error(ulong id, ErrorCode code, string message) => new() { Id = id, Error = new Error { Code = code, Message = message } };

    public static ByteString Bytes(string text) => ByteString.CopyFrom(text, Encoding.UTF8);

    private OperationResult Execute(Operation operation, RangeDescriptor range)
    {
        var result = new OperationResult { Id = operation.Id };
        var header = new ResponseHeader { RangeId = range.RangeId, Epoch = range.Epoch, Revision = _revision };
        switch (operation.OperationCase)
        {
            case Operation.OperationOneofCase.Get:
                result.Get = new GetResponse { Header = header, Kv = Find(operation.Get.Key) };
                break;
            case Operation.OperationOneofCase.Put:
                result.Put = new PutResponse { Header = header, Revision = Write(operation.Put.Key, operation.Put.Value) };
                break;
            case Operation.OperationOneofCase.Delete:
                var existed = _keys.Remove(operation.Delete.Key.ToStringUtf8());
                if (existed) Count();
                result.Delete = new DeleteResponse { Header = header, Existed = existed, Revision = _revision };
                break;
            case Operation.OperationOneofCase.CompareAndSwap:
                result.CompareAndSwap = Swap(operation.CompareAndSwap, header);
                break;
            case Operation.OperationOneofCase.Transaction:
                result.Transaction = Run(operation.Transaction, header);
                break;
            default:
                return Increment(operation, header);
        }
        return result;
    }

    /// <summary>Compares of existence and of values, puts, gets and deletes of one key each.</summary>
    private TransactionResponse Run(TransactionRequest request, ResponseHeader header)
    {
        var holds = request.Compares.All(c => c.TargetCase == Compare.TargetOneofCase.Exists ? Find(c.Key) is not null == c.Exists : Find(c.Key)?.Value == c.Value);
        var response = new TransactionResponse { Header = header, Succeeded = holds };
        foreach (var operation in holds ? request.Success : request.Failure)
        {
            if (operation.Put is { } put)
            {
                var previous = put.ReturnPrevious ? Find(put.Key) : null;
                Write(put.Key, put.Value);
                response.Results.Add(new TransactionResult { Put = new TransactionPutResult { Previous = previous } });
            }
            else if (operation.Get is { } get) response.Results.Add(new TransactionResult { Get = Found(Find(get.Key)) });
            else response.Results.Add(new TransactionResult { Delete = new TransactionDeleteResult { Deleted = _keys.Remove(operation.Delete.Key.ToStringUtf8()) ? 1UL : 0 } });
        }
        response.Revision = _revision;
        return response;
    }

    private static TransactionGetResult Found(KeyValue? value) => value is null ? new TransactionGetResult() : new TransactionGetResult { Kvs = { value }, Count = 1 };

    private CompareAndSwapResponse Swap(CompareAndSwapRequest request, ResponseHeader header)
    {
        var current = Find(request.Key);
        var matches = request.HasExpectedModRevision ? (current?.ModRevision ?? 0) == request.ExpectedModRevision
            : request.HasExpected ? current is not null && current.Value.Equals(request.Expected)
            : current is null;
        if (!matches) return new CompareAndSwapResponse { Header = header, Revision = _revision, Current = current };
        if (request.HasNewValue) return new CompareAndSwapResponse { Header = header, Swapped = true, Revision = Write(request.Key, request.NewValue) };
        _keys.Remove(request.Key.ToStringUtf8());
        Count();
        return new CompareAndSwapResponse { Header = header, Swapped = true, Revision = _revision };
    }

    private OperationResult Increment(Operation operation, ResponseHeader header)
    {
        var request = operation.Increment;
        long value = 0;
        if (Find(request.Key) is { } current && !long.TryParse(current.Value.ToStringUtf8(), CultureInfo.InvariantCulture, out value)) return Error(operation.Id, ErrorCode.FailedPrecondition, "the value is no number");
        value += request.Delta;
        var revision = Write(request.Key, Bytes(value.ToString(CultureInfo.InvariantCulture)));
        return new OperationResult { Id = operation.Id, Increment = new IncrementResponse { Header = header, Value = value, Revision = revision } };
    }

    private KeyValue? Find(ByteString key) => _keys.GetValueOrDefault(key.ToStringUtf8())?.Clone();

    private ulong Write(ByteString key, ByteString value)
    {
        Count();
        var name = key.ToStringUtf8();
        _keys.TryGetValue(name, out var before);
        _keys[name] = new KeyValue { Key = key, Value = value, CreateRevision = before?.CreateRevision ?? _revision, ModRevision = _revision, Version = (before?.Version ?? 0) + 1 };
        return _revision;
    }

    private void Count()
    {
        Applied++;
        _revision++;
    }
}
