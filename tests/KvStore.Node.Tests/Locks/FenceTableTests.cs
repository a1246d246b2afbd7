using KvStore.Node.Locks;
using KvStore.Node.State;
using KvStore.Node.StateMachine;
using KvStore.Raft;

namespace KvStore.Node.Tests.Locks;

public sealed class FenceTableTests
{
    private readonly FenceTable table = new(new EffectHash(0));

    private static LogIndex At(ulong index) => new(index);

    [Fact]
    public void What_was_not_registered_is_neither_accepted_nor_refused() => Assert.Equal(CommandStatus.FenceUnregistered, table.Check("a", 5));

    [Fact]
    public void An_admitted_token_is_accepted_and_older_ones_are_fenced()
    {
        Assert.Equal(CommandStatus.Ok, table.Admit("a", 5, At(1)));
        Assert.Equal(CommandStatus.Ok, table.Admit("a", 5, At(1)));
        Assert.Equal(CommandStatus.Ok, table.Check("a", 5));
        Assert.Equal(CommandStatus.Fenced, table.Check("a", 4));
        Assert.Equal(CommandStatus.FenceUnregistered, table.Check("a", 6));
    }

    [Fact]
    public void A_removed_token_never_comes_back_however_late_or_often_it_is_admitted()
    {
        table.Admit("a", 5, At(1));
        table.Remove("a", 5, At(3));
        Assert.Equal(CommandStatus.Fenced, table.Check("a", 5));
        Assert.Equal(CommandStatus.Fenced, table.Admit("a", 5, At(1)));
        Assert.Equal(CommandStatus.Fenced, table.Admit("a", 5, At(9)));
        Assert.Equal(CommandStatus.Fenced, table.Check("a", 5));
        Assert.Equal(CommandStatus.Ok, table.Admit("a", 8, At(4)));
    }

    [Fact]
    public void A_removal_that_comes_before_the_admission_holds()
    {
        table.Remove("a", 5, At(3));
        Assert.Equal(CommandStatus.Fenced, table.Admit("a", 5, At(1)));
    }

    [Fact]
    public void A_late_removal_of_an_older_token_leaves_the_newer_one()
    {
        table.Admit("a", 8, At(1));
        table.Remove("a", 5, At(3));
        Assert.Equal(CommandStatus.Ok, table.Check("a", 8));
    }

    [Fact]
    public void A_forgotten_removal_still_keeps_out_an_admission_that_began_before_it()
    {
        table.Admit("a", 5, At(1));
        table.Remove("a", 5, At(3));
        for (var i = 0; i < FenceTable.RemovalsMax; i++) table.Remove($"b{i}", 7, At(4 + (ulong)i));
        Assert.Equal(CommandStatus.FenceUnregistered, table.Check("a", 5));
        Assert.Equal(CommandStatus.FenceUnregistered, table.Admit("a", 5, At(1)));
        Assert.Equal(CommandStatus.FenceUnregistered, table.Admit("a", 5, At(2)));
        Assert.Equal(CommandStatus.FenceUnregistered, table.Check("a", 5));
        Assert.Equal(CommandStatus.Ok, table.Admit("c", 9, At(5000)));
    }

    [Fact]
    public void Its_state_comes_back_as_it_was()
    {
        table.Admit("a", 5, At(1));
        table.Admit("b", 6, At(1));
        table.Remove("b", 6, At(3));
        for (var i = 0; i < FenceTable.RemovalsMax; i++) table.Remove($"b{i}", 7, At(4 + (ulong)i));
        var state = new GroupState();
        table.Capture(state);
        var restored = new FenceTable(new EffectHash(0));
        restored.Restore(GroupState.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(state)));
        var again = new GroupState();
        restored.Capture(again);
        Assert.Equal(state, again);
        Assert.Equal(CommandStatus.Ok, restored.Check("a", 5));
        Assert.Equal(CommandStatus.FenceUnregistered, restored.Admit("b", 6, At(2)));
        Assert.True(restored.Known.CanDecide("a", 5));
        Assert.True(restored.Known.CanDecide("b7", 7));
        Assert.False(restored.Known.CanDecide("b", 6));
    }
}
