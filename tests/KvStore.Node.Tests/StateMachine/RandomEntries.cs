using Google.Protobuf;
using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using KvStore.Raft;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>A random log over few keys and sessions, by seed: every kind of command, retries, acknowledgements, expiry, eviction, compaction, other entry kinds.</summary>
internal sealed class RandomEntries(int seed)
{
    private readonly Random random = new(seed);
    private ulong time;
    private ulong sequence = 1;
    private ulong revisions;

    public Entry Next(LogIndex index)
    {
        if (random.Next(25) == 0) return new Entry(new Term(1), index, random.Next(2) == 0 ? EntryKind.TermStart : EntryKind.ConfigurationChange, default);
        time += (ulong)random.Next(50);
        var payload = new EntryPayload { GroupTimeUs = time };
        for (var i = random.Next(4); i > 0; i--) payload.Ranges.Add(Batch(index));
        if (random.Next(6) == 0) payload.GroupCommands.Add(GroupCommand());
        return new Entry(new Term(1), index, EntryKind.Normal, payload.ToByteArray());
    }

    private RangeCommands Batch(LogIndex index)
    {
        var commands = Enumerable.Range(0, random.Next(1, 5)).Select(_ => Command()).ToArray();
        revisions += (ulong)commands.Length;
        var batch = random.Next(5) == 0
            ? GroupHarness.Batch(commands)
            : GroupHarness.Batch(new SessionId(new GroupId(1), (ulong)random.NextInt64(1, (long)index.Value + 1)), sequence > 12 ? sequence - 12 : 0, commands);
        foreach (var command in commands) command.Sequence = batch.SessionIndex == 0 ? 0 : (ulong)Math.Max(0, (long)sequence++ - random.Next(8));
        batch.Route.RangeId = RangeNumber + (ulong)random.Next(2);
        if (random.Next(15) == 0) batch.Route.Epoch++;
        return batch;
    }

    private Command Command()
    {
        var key = "abcdefghmnop"[random.Next(12)] + (random.Next(3) == 0 ? "x" : "");
        var value = random.Next(3) == 0 ? "text" : random.Next(4).ToString();
        return random.Next(6) switch
        {
            0 => Delete(key),
            1 => Increment(key, random.Next(-3, 4)),
            2 => Swap(key, random.Next(2) == 0 ? null : value, random.Next(3) == 0 ? null : value + "1"),
            3 => Swap(key, null, value, modRevision: (ulong)random.NextInt64((long)revisions + 1)),
            _ => Put(key, value),
        };
    }

    private GroupCommand GroupCommand() => random.Next(6) switch
    {
        0 => CreateRange(),
        1 => CreateRange(RangeNumber + 1, "m", ""),
        2 => new GroupCommand { CompactRange = new CompactRange { RangeId = RangeNumber, Epoch = Epoch, Revision = (ulong)random.NextInt64((long)revisions / 3 + 1) } },
        3 => new GroupCommand { CompareHash = new CompareHash() },
        _ => new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = (ulong)random.Next(100, 3000), TableBytesMax = 4000 } },
    };
}
