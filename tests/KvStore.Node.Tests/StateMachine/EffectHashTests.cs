using KvStore.Node.Commands;
using KvStore.Node.StateMachine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine;

public sealed class EffectHashTests
{
    /// <summary>Each alters one effect of the same log.</summary>
    public static TheoryData<string, Action<List<EntryPayload>>> Differences() => new()
    {
        { "a value", log => log[2].Ranges[0].Commands[0].Put.Value = Bytes("other") },
        { "a key", log => log[2].Ranges[0].Commands[0].Put.Key = Bytes("l") },
        { "a byte that moves from key to value", log => log[2].Ranges[0].Commands[0] = Put("ke", "yvalue") },
        { "the order of two writes", log => (log[2].Ranges[0].Commands[0], log[2].Ranges[0].Commands[1]) = (log[2].Ranges[0].Commands[1], log[2].Ranges[0].Commands[0]) },
        { "a deletion", log => log[2].Ranges[0].Commands[1] = Delete("key") },
        { "a result alone", log => log[2].Ranges[0].Commands[2] = Swap("l", "no", "x") },
        { "a stale epoch", log => log[2].Ranges[0].Route.Epoch++ },
        { "group time", log => log[2].GroupTimeUs++ },
        { "an acknowledgement", log => log[3].Ranges[0].LowestAwaited = 1 + log[3].Ranges[0].Commands[0].Sequence },
        { "a sequence", log => log[3].Ranges[0].Commands[0].Sequence++ },
        { "a session's life", log => log[1].GroupCommands[0].OpenSession.TimeToLiveUs++ },
        { "a range's epoch", log => log[0].GroupCommands[0].CreateRange.Range.Epoch++ },
        { "a compaction", log => log[4].GroupCommands[0].CompactRange.Revision++ },
    };

    [Theory]
    [MemberData(nameof(Differences))]
    public void One_different_effect_shows(string what, Action<List<EntryPayload>> alter)
    {
        var altered = Payloads();
        alter(altered);
        Assert.True(HashOf(Payloads()) != HashOf(altered), what);
    }

    [Fact]
    public void Equal_effects_have_equal_hashes() => Assert.Equal(HashOf(Payloads()), HashOf(Payloads()));

    [Fact]
    public void The_hash_of_a_fixed_log_is_frozen() => Assert.Equal(13242867943982304429UL, HashOf(Payloads()));

    [Fact]
    public void An_expired_session_shows_though_nothing_else_differs()
    {
        ulong HashAfter(ulong life)
        {
            var payloads = Payloads();
            payloads[1].GroupCommands[0].OpenSession.TimeToLiveUs = life;
            payloads.RemoveRange(2, payloads.Count - 2);
            using var group = new GroupHarness();
            foreach (var payload in payloads) group.Apply(payload);
            var before = group.Machine.Hash;
            group.Apply(new EntryPayload { GroupTimeUs = 2000 });
            return group.Machine.Sessions == 0 ? before ^ group.Machine.Hash : 0;
        }

        Assert.NotEqual(0UL, HashAfter(1000));
        Assert.Equal(0UL, HashAfter(100_000));
    }

    private static ulong HashOf(List<EntryPayload> payloads)
    {
        using var group = new GroupHarness();
        foreach (var payload in payloads) group.Apply(payload);
        return group.Machine.Hash;
    }

    private static List<EntryPayload> Payloads()
    {
        var session = new SessionId(new Raft.GroupId(1), 2);
        var sequenced = Increment("c", 4);
        sequenced.Sequence = 1;
        return
        [
            new EntryPayload { GroupTimeUs = 5, GroupCommands = { CreateRange() } },
            new EntryPayload { GroupTimeUs = 6, GroupCommands = { new GroupCommand { OpenSession = new OpenSession { TimeToLiveUs = 1000 } } } },
            new EntryPayload { GroupTimeUs = 7, Ranges = { Batch(Put("key", "value"), Put("key", "second"), Swap("key", "no", "x"), Delete("absent")) } },
            new EntryPayload { GroupTimeUs = 8, Ranges = { Batch(session, 1, sequenced) } },
            new EntryPayload { GroupTimeUs = 9, GroupCommands = { new GroupCommand { CompactRange = new CompactRange { RangeId = RangeNumber, Epoch = Epoch, Revision = 1 } } } },
        ];
    }
}
