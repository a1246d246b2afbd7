using KvStore.Node.Commands;
using KvStore.Node.Placement;
using KvStore.Node.StateMachine;
using KvStore.Node.Tests.Placement;
using KvStore.Raft;
using KvStore.Storage.Engine;
using static KvStore.Node.Tests.StateMachine.GroupHarness;

namespace KvStore.Node.Tests.StateMachine;

public sealed class GroupCommandTests : IDisposable
{
    private static readonly CommandResult Unchanged = new(CommandStatus.Ok, default);
    private static readonly CommandResult Changed = new(CommandStatus.Ok, default, Flag: true);
    private static readonly CommandResult Refused = new(CommandStatus.InvalidArgument, default);
    private readonly GroupHarness group = new();

    public void Dispose() => group.Dispose();

    [Fact]
    public void A_created_range_is_owned_with_the_entry_as_its_stay()
    {
        group.Apply(new EntryPayload { GroupTimeUs = group.Time });
        Assert.Null(group.Machine.Owned.Find(new RangeId(RangeNumber)));
        Assert.Equal([Changed], group.Apply(CreateRange()));
        var owned = group.Machine.Owned.Find(new RangeId(RangeNumber))!;
        Assert.Equal(new Stay(group.Machine.Applied.Value), owned.Store.Stay);
        Assert.Equal((Epoch, new GroupId(1), KeyspaceId.Default), (owned.Descriptor.Epoch, owned.Descriptor.Group, owned.Descriptor.Keyspace));
    }

    [Fact]
    public void A_range_that_is_here_stays_as_it_is()
    {
        group.Apply(CreateRange());
        group.Apply(Put("k", "1"));
        var before = group.Machine.Owned;
        Assert.Equal([Unchanged], group.Apply(CreateRange()));
        Assert.Equal([Unchanged], group.Apply(CreateRange(epoch: Epoch + 1)));
        Assert.Same(before, group.Machine.Owned);
        Assert.Equal("1", group.Get("k"));
    }

    [Fact]
    public void An_entry_creates_at_most_one_range_so_that_stays_are_unique()
    {
        Assert.Equal([Changed, Refused], group.Apply(CreateRange(7, "a", "m"), CreateRange(8, "m", "z")));
        Assert.Equal([Changed], group.Apply(CreateRange(8, "m", "z")));
        Assert.Equal([7UL, 8UL], group.Machine.Owned.All.Select(r => r.Descriptor.Id.Value));
        Assert.Equal(2, group.Machine.Owned.All.Select(r => r.Store.Stay).Distinct().Count());
    }

    [Theory]
    [InlineData("z", "a", 1, 1)]
    [InlineData("a", "a", 1, 1)]
    [InlineData("x", "", 2, 1)]
    [InlineData("x", "", 1, 0)]
    [InlineData("b", "c", 1, 1)]
    [InlineData("", "b", 1, 1)]
    [InlineData("l", "", 1, 1)]
    [InlineData("", "", 1, 1)]
    public void A_range_that_cannot_be_here_is_refused(string start, string end, ulong owner, ulong epoch)
    {
        group.Apply(CreateRange(7, "a", "m"));
        Assert.Equal([Refused], group.Apply(CreateRange(8, start, end, group: owner, epoch: epoch)));
        Assert.Equal([Refused], group.Apply(new GroupCommand { CreateRange = new CreateRange() }));
    }

    [Fact]
    public void Ranges_that_only_meet_and_ranges_of_other_keyspaces_do_not_overlap()
    {
        group.Apply(CreateRange(7, "a", "m"));
        Assert.Equal([Changed], group.Apply(CreateRange(8, "m", "")));
        Assert.Equal([Changed], group.Apply(CreateRange(9, "", "a")));
        Assert.Equal([Changed], group.Apply(CreateRange(10, "", "", keyspace: 2)));
    }

    [Fact]
    public void Ranges_have_revisions_of_their_own()
    {
        group.Apply(CreateRange(7, "a", "m"));
        group.Apply(CreateRange(8, "m", ""));
        var other = Batch(Put("x", "1"), Put("y", "2"));
        other.Route.RangeId = 8;
        var results = group.Apply(Batch(Put("k", "1")), other, Batch(Put("k", "2")));
        Assert.Equal([1UL, 1UL, 2UL, 2UL], results.Select(r => r.Revision.Value));
    }

    [Fact]
    public void Compaction_moves_only_up_and_only_over_what_is_there()
    {
        group.Apply(CreateRange());
        group.Apply(Batch(Put("k", "1"), Put("k", "2"), Put("k", "3")));
        Assert.Equal(new CommandResult(CommandStatus.InvalidArgument, new Revision(3)), group.Apply(Compact(4)).Single());
        Assert.Equal(new CommandResult(CommandStatus.Ok, new Revision(3), Flag: true), group.Apply(Compact(2)).Single());
        Assert.Equal(new CommandResult(CommandStatus.Ok, new Revision(3)), group.Apply(Compact(2)).Single());
        Assert.Equal(new Revision(2), group.Store.CompactRevision);
        Assert.Throws<CompactedException>(() => group.Store.TryGet("k"u8, new Revision(1), out _));
        Assert.True(group.Store.TryGet("k"u8, new Revision(2), out _));
        Assert.Equal(CommandStatus.EpochNotMatch, group.Apply(Compact(3, epoch: Epoch + 1)).Single().Status);
        Assert.Equal(new Revision(2), group.Store.CompactRevision);
    }

    [Fact]
    public void The_first_map_wins()
    {
        using var meta = new GroupHarness(0);
        var first = FirstMap.Build(FirstMapTests.Options(3));
        var second = FirstMap.Build(FirstMapTests.Options(3) with { DataGroups = 2 });
        Assert.Null(meta.Machine.Map);
        Assert.Equal([Changed, Unchanged], meta.Apply(Initialize(first), Initialize(second)));
        var map = meta.Machine.Map!;
        Assert.Equal((1UL, 5), (map.Revision, map.Groups.Count));
        Assert.Equal([Unchanged], meta.Apply(Initialize(second)));
        Assert.Same(map, meta.Machine.Map);
    }

    [Fact]
    public void A_map_is_refused_outside_the_meta_group_and_when_it_contradicts_itself()
    {
        var command = FirstMap.Build(FirstMapTests.Options(3));
        Assert.Equal([Refused], group.Apply(Initialize(command)));
        using var meta = new GroupHarness(0);
        var broken = command.Clone();
        broken.Ranges.RemoveAt(0);
        Assert.Equal([Refused], meta.Apply(Initialize(broken)));
        Assert.Null(meta.Machine.Map);
        Assert.Equal([Changed], meta.Apply(Initialize(command)));
    }

    [Fact]
    public void A_comparison_notes_the_hash_after_its_entry()
    {
        Assert.Null(group.Machine.Compared);
        group.Apply(new GroupCommand { CompareHash = new CompareHash() }, CreateRange());
        var point = new HashPoint(group.Machine.Applied, group.Machine.Hash);
        Assert.Equal(point, group.Machine.Compared);
        group.Apply(Put("k", "1"));
        Assert.Equal(point, group.Machine.Compared);
        Assert.NotEqual(point.Hash, group.Machine.Hash);
    }

    private static GroupCommand Initialize(InitializeCluster command) => new() { InitializeCluster = command };

    private static GroupCommand Compact(ulong revision, ulong epoch = Epoch) =>
        new() { CompactRange = new CompactRange { RangeId = RangeNumber, Epoch = epoch, Revision = revision } };
}
