using KvStore.Client.Internal.Watching;

namespace KvStore.Client.Tests;

public sealed class WatchPositionsTests
{
    private static readonly WatchPositions Two = WatchPositions.Empty("default").With(At("a", "g", 1, 10)).With(At("g", "", 2, 20));

    [Fact]
    public void A_position_replaces_the_one_of_the_same_keys() => Assert.Equal([At("a", "g", 1, 11), At("g", "", 2, 20)], Two.With(At("a", "g", 1, 11)).Entries);

    [Fact]
    public void After_a_split_the_other_half_stays_where_it_was()
    {
        Assert.Equal([At("a", "c", 1, 10), At("c", "g", 3, 12), At("g", "", 2, 20)], Two.With(At("c", "g", 3, 12)).Entries);
        Assert.Equal([At("a", "c", 3, 12), At("c", "g", 1, 10), At("g", "", 2, 20)], Two.With(At("a", "c", 3, 12)).Entries);
        Assert.Equal([At("a", "g", 1, 10), At("g", "p", 2, 20), At("p", "t", 3, 21), At("t", "", 2, 20)], Two.With(At("p", "t", 3, 21)).Entries);
    }

    [Fact]
    public void A_part_of_the_keys_can_be_resumed_and_more_than_them_cannot()
    {
        Assert.Equal([At("b", "g", 1, 10), At("g", "h", 2, 20)], Two.Within(new KvRange("b", "h")));
        Assert.Equal(Two.Entries, Two.Within(new KvRange("a", "")));
        Assert.Null(Two.Within(KvRange.All));
        Assert.Null(WatchPositions.Empty("default").With(At("a", "b", 1, 1)).With(At("c", "d", 1, 1)).Within(new KvRange("a", "d")));
    }

    [Fact]
    public void It_survives_being_text_and_damage_is_found_out()
    {
        var text = new KvResumeToken(Two).ToString();
        var parsed = KvResumeToken.Parse(text);
        Assert.Equal("default", parsed.Positions.Keyspace);
        Assert.Equal(Two.Entries, parsed.Positions.Entries);
        for (var i = 0; i < text.Length - 1; i++)
        {
            var damaged = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            Assert.Throws<KvInvalidArgumentException>(() => KvResumeToken.Parse(damaged));
            Assert.Throws<KvInvalidArgumentException>(() => KvResumeToken.Parse(text[..i]));
        }
    }

    private static WatchPosition At(string start, string end, ulong range, ulong revision) => new(new KvRange(start, end), range, revision);
}
