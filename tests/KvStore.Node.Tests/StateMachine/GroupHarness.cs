using System.Text;
using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using KvStore.Storage.Engine;
using KvStore.Storage.FileSystem;
using Microsoft.Extensions.Logging.Abstractions;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>One group's state machine over the in-memory store, with its log, so that it can crash and come back.</summary>
internal sealed class GroupHarness : IDisposable
{
    public const ulong RangeNumber = 7;
    public const ulong Epoch = 3;
    private readonly MemoryFileSystem fileSystem = new();
    private readonly MemoryRecordStoreFactory factory;
    private readonly List<Entry> log = [];
    private readonly GroupId group;
    private GroupStore store;
    private ulong crashes;

    public GroupHarness(ulong group = 1)
    {
        this.group = new GroupId(group);
        factory = new MemoryRecordStoreFactory(fileSystem);
        store = Open();
        Machine = new GroupStateMachine(this.group, store, InitialState());
    }

    public GroupStateMachine Machine { get; private set; }
    public ulong Time { get; set; }
    public IReadOnlyList<Entry> Log => log;
    public RangeStore Store => Machine.Owned.Find(new RangeId(RangeNumber))!.Store;

    /// <summary>A group whose range 7, [a, m) of the default keyspace at epoch 3, is there, and which has one session of 1000 µs.</summary>
    public static GroupHarness WithRange(out SessionId session)
    {
        var harness = new GroupHarness();
        Assert.Equal(CommandStatus.Ok, harness.Apply(CreateRange()).Single().Status);
        session = harness.OpenSession(1000);
        return harness;
    }

    public static GroupCommand CreateRange(ulong range = RangeNumber, string start = "a", string end = "m", ulong group = 1, ulong keyspace = 1, ulong epoch = Epoch) => new()
    {
        CreateRange = new CreateRange
        {
            Range = new RangeRecord { RangeId = range, Epoch = epoch, GroupId = group, KeyspaceId = keyspace, Start = Bytes(start), End = Bytes(end) },
        },
    };

    public SessionId OpenSession(ulong timeToLive, ulong bytesMax = 0)
    {
        var result = Apply(new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = timeToLive, TableBytesMax = bytesMax } }).Single();
        Assert.Equal(new CommandResult(CommandStatus.Ok, default, Flag: true, Number: (long)Machine.Applied.Value), result);
        return new SessionId(group, (ulong)result.Number);
    }

    public List<CommandResult> Apply(params GroupCommand[] commands) => Apply(new EntryPayload { GroupTimeUs = Time, GroupCommands = { commands } });

    public CommandResult Apply(Command command) => Apply(Batch(command)).Single();

    public CommandResult Apply(SessionId session, ulong sequence, Command command, ulong lowestAwaited = 0)
    {
        command.Sequence = sequence;
        return Apply(Batch(session, lowestAwaited, command)).Single();
    }

    public List<CommandResult> Apply(params RangeCommands[] batches) => Apply(new EntryPayload { GroupTimeUs = Time, Ranges = { batches } });

    public List<CommandResult> Apply(EntryPayload payload)
    {
        var results = new List<CommandResult>();
        Apply(NextEntry(EntryKind.Normal, payload.ToByteArray()), results);
        return results;
    }

    public Entry NextEntry(EntryKind kind, byte[] payload) => new(new Term(1), Machine.Applied.Next, kind, payload);

    public void Apply(Entry entry, List<CommandResult>? results = null)
    {
        Machine.Apply(entry, results);
        log.Add(entry);
    }

    public static RangeCommands Batch(params Command[] commands) =>
        new() { Route = new Route { RangeId = RangeNumber, Epoch = Epoch }, Commands = { commands } };

    public static RangeCommands Batch(SessionId session, ulong lowestAwaited, params Command[] commands)
    {
        var batch = Batch(commands);
        batch.SessionGroup = session.Group.Value;
        batch.SessionIndex = session.Index;
        batch.LowestAwaited = lowestAwaited;
        return batch;
    }

    public static Command Put(string key, string value) => new() { Put = new Put { Key = Bytes(key), Value = Bytes(value) } };
    public static Command Delete(string key) => new() { Delete = new Delete { Key = Bytes(key) } };
    public static Command Increment(string key, long delta) => new() { Increment = new Increment { Key = Bytes(key), Delta = delta } };

    public static Command Swap(string key, string? expected, string? newValue, ulong? modRevision = null)
    {
        var swap = new CompareAndSwap { Key = Bytes(key) };
        if (expected is not null) swap.Expected = Bytes(expected);
        if (newValue is not null) swap.NewValue = Bytes(newValue);
        if (modRevision is { } revision) swap.ExpectedModRevision = revision;
        return new Command { CompareAndSwap = swap };
    }

    public static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

    public string? Get(string key) => Store.TryGet(Encoding.UTF8.GetBytes(key), null, out var value) ? Encoding.UTF8.GetString(value.Value.Span) : null;

    /// <summary>Makes the present state durable.</summary>
    public void Checkpoint()
    {
        var outcomes = new List<Exception?>();
        Assert.True(store.BeginCheckpoint(Machine.CaptureState().ToByteArray(), outcomes.Add));
        Assert.Equal([null], outcomes);
    }

    /// <summary>Loses everything since the last checkpoint and applies the log from there again.</summary>
    public void CrashAndRecover()
    {
        store.Dispose();
        fileSystem.Crash(++crashes);
        store = Open();
        Machine = new GroupStateMachine(group, store, store.RecoveredState is { } bytes ? GroupState.Parser.ParseFrom(bytes.Span) : InitialState());
        foreach (var entry in log.Skip((int)Machine.Applied.Value)) Machine.Apply(entry, null);
    }

    /// <summary>Every key of the range with its value and revisions.</summary>
    public List<string> Content()
    {
        using var snapshot = Store.Snapshot();
        return snapshot.Scan(default, default).Select(v => $"{Encoding.UTF8.GetString(v.Key.Span)}={Encoding.UTF8.GetString(v.Value.Span)} {v.Create}/{v.Modified}/{v.Version}").ToList();
    }

    public void Dispose() => store.Dispose();

    private GroupStore Open() => GroupStore.Open(fileSystem, "group", factory, NullLogger.Instance);

    private GroupState InitialState() =>
        new() { GroupId = group.Value, Configuration = new ConfigurationRecord { Voters = { 1, 2, 3 } } };
}
