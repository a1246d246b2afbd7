using FsCheck;
using FsCheck.Fluent;
using KvStore.Node.Placement;
using KvStore.Raft;

namespace KvStore.Node.Tests.Placement;

public sealed class RangePlacementTests
{
    private static readonly IReadOnlyDictionary<RangeId, GroupId> Nowhere = new Dictionary<RangeId, GroupId>();

    [Fact]
    public void The_load_of_every_group_is_bounded() =>
        ForAll((ranges, groups) =>
        {
            var placed = RangePlacement.Place(Ranges(ranges), Groups(groups), Nowhere, []);
            return placed.Count == ranges && Loads(placed).All(load => load <= RangePlacement.LoadMax(ranges, groups));
        });

    [Fact]
    public void As_many_ranges_as_groups_go_one_to_each() =>
        Assert.All(Loads(RangePlacement.Place(Ranges(7), Groups(7), Nowhere, [])), load => Assert.Equal(1, load));

    [Fact]
    public void Removing_a_group_moves_only_its_own() =>
        ForAll((ranges, groups) =>
        {
            var before = RangePlacement.Place(Ranges(ranges), Groups(groups + 1), Nowhere, []);
            var gone = new GroupId(1);
            var after = RangePlacement.Place(Ranges(ranges), Groups(groups + 1).Where(g => g != gone).ToList(), before, []);
            return before.All(r => r.Value == gone ? after[r.Key] != gone : after[r.Key] == r.Value)
                && Loads(after).All(load => load <= RangePlacement.LoadMax(ranges, groups));
        });

    [Fact]
    public void Adding_a_group_moves_about_its_share() =>
        ForAll((ranges, groups) =>
        {
            var before = RangePlacement.Place(Ranges(ranges), Groups(groups), Nowhere, []);
            var added = new GroupId((ulong)groups + 1);
            var after = RangePlacement.Place(Ranges(ranges), Groups(groups + 1), before, [added]);
            var moved = before.Count(r => after[r.Key] != r.Value);
            // Its share by the ring, and what the others' smaller bound sends on.
            return moved <= ranges * 2 / (groups + 1) + groups && Loads(after).All(load => load <= RangePlacement.LoadMax(ranges, groups + 1));
        });

    [Fact]
    public void An_added_group_of_ten_draws_its_share_of_a_thousand_ranges()
    {
        var before = RangePlacement.Place(Ranges(1000), Groups(9), Nowhere, []);
        var added = new GroupId(10);
        var after = RangePlacement.Place(Ranges(1000), Groups(10), before, [added]);
        Assert.InRange(after.Count(r => r.Value == added), 60, 125);
        Assert.InRange(before.Count(r => after[r.Key] != r.Value), 60, 160);
    }

    [Fact]
    public void Without_a_change_nothing_moves() =>
        ForAll((ranges, groups) =>
        {
            var before = RangePlacement.Place(Ranges(ranges), Groups(groups), Nowhere, []);
            return RangePlacement.Place(Ranges(ranges), Groups(groups), before, []).SequenceEqual(before);
        });

    [Fact]
    public void The_order_of_the_input_does_not_matter() =>
        ForAll((ranges, groups) => RangePlacement.Place(Ranges(ranges), Groups(groups), Nowhere, [])
            .SequenceEqual(RangePlacement.Place(Ranges(ranges).AsEnumerable().Reverse().ToList(), Groups(groups).Reverse().ToList(), Nowhere, [])));

    private static void ForAll(Func<int, int, bool> holds) =>
        Prop.ForAll(Gen.Choose(1, 120).Zip(Gen.Choose(1, 12)).ToArbitrary(), size => holds(size.Item1, size.Item2)).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    private static List<(RangeId, KeyspaceId)> Ranges(int count) => Enumerable.Range(1, count).Select(i => (new RangeId((ulong)i), KeyspaceId.Default)).ToList();

    private static IReadOnlyList<GroupId> Groups(int count) => Enumerable.Range(1, count).Select(i => new GroupId((ulong)i)).ToList();

    private static IEnumerable<int> Loads(IReadOnlyDictionary<RangeId, GroupId> placed) => placed.GroupBy(p => p.Value).Select(g => g.Count());
}
