using KvStore.Client.Internal.Recipes;
using KvStore.Client.Recipes;

namespace KvStore.Client.Tests.Recipes;

/// <summary>What recipes store is read by other versions: the forms stay.</summary>
public sealed class StoredFormTests
{
    [Theory]
    [InlineData("serving http://a:1", "http://a:1", KvServiceHealth.Serving)]
    [InlineData("not-serving a b", "a b", KvServiceHealth.NotServing)]
    [InlineData("serving ", "", KvServiceHealth.Serving)]
    [InlineData("asleep http://a:1", "asleep http://a:1", KvServiceHealth.Unknown)]
    [InlineData("serving", "serving", KvServiceHealth.Unknown)]
    [InlineData("", "", KvServiceHealth.Unknown)]
    public void An_instance_is_a_word_and_an_address(string value, string address, KvServiceHealth health)
    {
        var instance = KvServiceInstance.Read("s", "i", Entry("services/s/i", value, 1));
        Assert.Equal((address, health), (instance.Address, instance.Health));
        if (health != KvServiceHealth.Unknown) Assert.Equal(value, KvServiceInstance.ValueOf(health, address));
    }

    [Fact]
    public void A_window_is_a_lease_and_a_count()
    {
        var count = new WindowCount(new KvLeaseId(0xabc), 12);
        Assert.Equal("abc 12", count.Value.ToString());
        Assert.Equal(count, WindowCount.Read(Entry("limits/x", "abc 12", 1)));
        foreach (var wrong in (string[])["", "abc", "0 1", "abc -1", "abc 1 2", "xyz 1", "abc 99999999999"])
            Assert.Contains("limits/x", Assert.Throws<KvPreconditionFailedException>(() => WindowCount.Read(Entry("limits/x", wrong, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_below_the_prefix_are_settings_whatever_their_case()
    {
        var settings = KvConfigurationProvider.SettingsOf("config/a/", [Entry("config/a/x/y", "1", 1), Entry("config/a/X/Y", "0", 1), Entry("config/a/", "no name", 1), Entry("config/a/z", "", 1)]);
        Assert.Equal([("X:Y", "1"), ("z", "")], settings.Select(pair => (pair.Key, pair.Value!)).Order());
        Assert.Equal("1", settings["x:Y"]);
    }

    [Fact]
    public void A_state_knows_which_events_it_was_certainly_read_after()
    {
        var state = new Dictionary<string, KvEntry> { ["k/a"] = Entry("k/a", "v", 7) };
        Assert.True(IsIn(KvWatchEventKind.Put, "k/a", 7));
        Assert.True(IsIn(KvWatchEventKind.Put, "k/a", 6));
        Assert.False(IsIn(KvWatchEventKind.Put, "k/a", 8));
        Assert.True(IsIn(KvWatchEventKind.Delete, "k/a", 6));
        Assert.False(IsIn(KvWatchEventKind.Delete, "k/a", 8));
        Assert.True(IsIn(KvWatchEventKind.Delete, "k/gone", 8));
        Assert.False(IsIn(KvWatchEventKind.Put, "k/gone", 3));

        bool IsIn(KvWatchEventKind kind, string key, ulong revision) => PrefixStates.IsIn(state, new KvWatchEvent(kind, Entry(key, "", revision), null));
    }

    [Theory]
    [InlineData("a/", true)]
    [InlineData("a/b/", true)]
    [InlineData("", false)]
    [InlineData("/", false)]
    [InlineData("a", false)]
    [InlineData("/a/", false)]
    public void A_prefix_lies_in_one_range(string prefix, bool isGood)
    {
        if (isGood) Assert.Equal(prefix, RecipeNames.Prefix(prefix));
        else Assert.Throws<KvInvalidArgumentException>(() => RecipeNames.Prefix(prefix));
    }

    [Fact]
    public void Names_have_limits()
    {
        Assert.Equal("ü", RecipeNames.Part("ü", "name"));
        foreach (var wrong in (string[])["", "a/b", new string('x', 501), new string('ü', 251)]) Assert.Throws<KvInvalidArgumentException>(() => RecipeNames.Part(wrong, "name"));
    }

    private static KvEntry Entry(string key, string value, ulong revision) => new(key, value, revision, revision, 1, default);
}
