using System.Text;
using KvStore.Node.Replicas;
using KvStore.Node.Tests.StateMachine;
using KvStore.Node.Time;
using KvStore.Node.Watches;
using KvStore.Node.Workers;
using KvStore.Raft;
using KvStore.Storage.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.Watches;

/// <summary>The watch worker of a node with one replica whose range is written directly, beside a list of all that was ever written.</summary>
internal sealed class HubHarness : IDisposable, ITimeSource
{
    private readonly List<GroupHarness> _groups = [];
    private readonly List<TestWatch> _watches = [];
    private readonly Dictionary<string, string> _values = [];
    private readonly GroupReplica _replica;
    private readonly NodeView _view;
    private Revision _written;

    public HubHarness(int queueBytes = 2000, long queueBytesMax = 1 << 20)
    {
        var options = new NodeOptions
        {
            Id = new NodeId(1), DataDirectory = "/data", Founders = [], Token = "test", WatchQueueBytes = queueBytes, WatchQueueBytesMax = queueBytesMax, WatchesMax = 100,
        };
        _groups.Add(GroupHarness.WithRange(out _));
        var view = new ReplicaView(RaftRole.Follower, new Term(1), new NodeId(1), new Configuration([new ReplicaId(1)]));
        _replica = new GroupReplica(new GroupId(1), new ReplicaId(1), null!, null!, view, _groups[0].Machine);
        _view = NodeView.Empty.With(_replica, null);
        Hub = new WatchHub(options, this, () => _view, new NodeFailure(NullLogger.Instance));
    }

    public WatchHub Hub { get; }
    public GroupReplica Replica => _replica;
    public MonotonicTime Now { get; set; } = new(1_000_000_000_000);
    /// <summary>Every write, in order.</summary>
    public List<Write> History { get; } = [];
    public IReadOnlyList<TestWatch> Watches => _watches;
    public RangeStore Store => _groups[^1].Store;

    /// <summary>Writes several keys in one revision; a null value deletes. Nobody sees it before <see cref="Publish"/>.</summary>
    public void Write(params (string Key, string? Value)[] writes)
    {
        var revision = _written.Next;
        uint sub = 0;
        foreach (var (key, value) in writes)
        {
            var bytes = Encoding.UTF8.GetBytes(key);
            if (value is not null) Store.Put(bytes, Encoding.UTF8.GetBytes(value), revision, sub++, 0);
            else if (Store.Delete(bytes, revision, sub)) sub++;
            else continue;
            History.Add(new Write(revision.Value, key, value, _values.GetValueOrDefault(key)));
            if (value is null) _values.Remove(key);
            else _values[key] = value;
        }
        if (sub > 0) _written = revision;
    }

    public void Publish()
    {
        if (_written > Store.Revision) Store.Publish(_written);
    }

    public void WriteAndPublish(params (string Key, string? Value)[] writes)
    {
        Write(writes);
        Publish();
    }

    public TestWatch Open(string start, string end = "", ulong? from = null, WatchKinds kinds = WatchKinds.All, WatchPrevious previous = WatchPrevious.Omitted)
    {
        var query = new WatchQuery(new RangeRoute(new RangeId(GroupHarness.RangeNumber), GroupHarness.Epoch), Encoding.UTF8.GetBytes(start), Encoding.UTF8.GetBytes(end), from is { } first ? new Revision(first) : null, kinds, previous);
        var watch = new TestWatch(query);
        watch.Watch = Hub.Open(query, watch, _replica, _groups[^1].Machine.Owned.Find(query.Route.Range)!);
        _watches.Add(watch);
        return watch;
    }

    public TestWatch OpenKey(string key, ulong? from = null) => Open(key, key + "\0", from);

    public void Turn() => Hub.Run();

    /// <summary>Turns until the worker would wait.</summary>
    public void RunUntilQuiet()
    {
        for (var turns = 0; Hub.Run() is { } next && next <= Now; turns++) Assert.True(turns < 10_000, "the worker does not come to rest");
    }

    /// <summary>Everything that is there comes out at every consumer.</summary>
    public void Drain()
    {
        bool any;
        do
        {
            RunUntilQuiet();
            any = false;
            foreach (var watch in _watches) any |= watch.Take(int.MaxValue) > 0;
        }
        while (any);
    }

    /// <summary>What happens when a snapshot is installed: another store takes the place of this one, which is closed.</summary>
    public void SwitchStore()
    {
        Publish();
        var before = Store;
        var next = GroupHarness.WithRange(out _);
        using (var snapshot = before.Snapshot(history: SnapshotHistory.All))
            foreach (var (id, record) in snapshot.Records(Revision.Zero)) next.Store.Restore(id, record);
        next.Store.Publish(before.Revision);
        next.Store.Compact(before.CompactRevision);
        _groups.Add(next);
        _replica.Machine = null;
        _groups[^2].Dispose();
    }

    public void Attach() => _replica.Machine = _groups[^1].Machine;

    public void Dispose()
    {
        foreach (var group in _groups) group.Dispose();
    }
}

/// <summary>One write as it should be told.</summary>
internal sealed record Write(ulong Revision, string Key, string? Value, string? Previous);
